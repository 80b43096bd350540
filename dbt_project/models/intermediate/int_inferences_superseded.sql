{{ config(pre_hook="{{ forget_changed_patients() }}") }}

-- Readings that a later one of the same film replaces: few, or none, so it is these that are kept and not the others.
-- depends_on: {{ ref('int_patients_changed') }}
-- A film that was read twice was read by two models, so the films of the model that read most need no second look.
with reads_most as (

    select model_version
    from {{ ref('stg_landing__inferences') }}
    group by model_version
    order by count(*) desc, model_version asc
    limit 1

),

read_by_others as (

    select distinct film_key
    from {{ ref('stg_landing__inferences') }}
    where model_version <> (select model_version from reads_most)

),

numbered as (

    select
        inferences.film_key,
        inferences.model_version,
        films.patient_key,
        row_number() over (
            partition by inferences.film_key
            order by inferences.inferred_at desc, inferences.model_version desc
        ) as recency
    from read_by_others
    inner join {{ ref('stg_landing__inferences') }} as inferences
        on read_by_others.film_key = inferences.film_key
    inner join {{ ref('stg_landing__films') }} as films
        on inferences.film_key = films.film_key
    where {{ only_changed_patients('films.patient_key') }}

)

select
    film_key,
    model_version,
    patient_key
from numbered
where recency > 1
