{{ config(pre_hook="{{ forget_changed_patients() }}") }}

-- A film may have been read by several models; the latest reading is the current one.
-- depends_on: {{ ref('int_patients_changed') }}
with numbered as (

    select
        inferences.*,
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
    film_key,
    patient_key,
    model_version,
    preprocessing,
    "view",
    view_category,
    view_score,
    side,
    side_evidence,
    side_conflict,
    outlier_score,
    review_reasons,
    inferred_at
from numbered
where recency = 1
