{{ config(pre_hook="{{ forget_changed_patients() }}") }}

-- A film may have been read by several models; the latest reading is the current one.
-- depends_on: {{ ref('int_patients_changed') }}
-- The readings are numbered by their keys alone: sorting whole rows of millions of films takes memory.
with numbered as (

    select
        inferences.film_key,
        inferences.model_version,
        films.patient_key,
        row_number() over (
            partition by inferences.film_key
            order by inferences.inferred_at desc, inferences.model_version desc
        ) as recency
    from {{ ref('stg_landing__inferences') }} as inferences
    inner join {{ ref('stg_landing__films') }} as films
        on inferences.film_key = films.film_key
    where {{ only_changed_patients('films.patient_key') }}

)

select
    numbered.film_key,
    numbered.patient_key,
    numbered.model_version,
    inferences.preprocessing,
    inferences."view",
    inferences.view_category,
    inferences.view_score,
    inferences.side,
    inferences.side_evidence,
    inferences.side_conflict,
    inferences.outlier_score,
    inferences.review_reasons,
    inferences.inferred_at
from numbered
inner join {{ ref('stg_landing__inferences') }} as inferences
    on
        numbered.film_key = inferences.film_key
        and numbered.model_version = inferences.model_version
where numbered.recency = 1
