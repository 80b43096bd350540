{{ config(materialized='view') }}

-- Which hip of which patient each film shows. A film of both sides belongs to two hips; a hip whose side is unknown
-- belongs to none. Of two boxes on the same side of one film the more certain one is the hip. A film that is dated
-- before the patient was born has no date here.
with doubted as (

    select
        first_box.film_key,
        first_box.model_version,
        case when second_box.hip_score > first_box.hip_score then 0 else 1 end as hip_index
    from {{ ref('stg_landing__hips') }} as first_box
    inner join {{ ref('stg_landing__hips') }} as second_box
        on
            first_box.film_key = second_box.film_key
            and first_box.model_version = second_box.model_version
            and first_box.side = second_box.side
    where
        first_box.hip_index = 0
        and second_box.hip_index = 1

)

select
    films.patient_key,
    films.film_key,
    films.model_version,
    case when not films.dated_before_birth then films.study_date end as study_date,
    case when not films.dated_before_birth then films.acquired_at end as acquired_at,
    films."view",
    hips.hip_index,
    hips.side,
    hips.has_implant,
    hips.implant_score,
    hips.has_cup
from {{ ref('fct_radiograph') }} as films
inner join {{ ref('stg_landing__hips') }} as hips
    on
        films.film_key = hips.film_key
        and films.model_version = hips.model_version
where
    hips.side in ('left', 'right')
    and not exists (
        select 1
        from doubted
        where
            doubted.film_key = hips.film_key
            and doubted.model_version = hips.model_version
            and doubted.hip_index = hips.hip_index
    )
