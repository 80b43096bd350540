{{ config(pre_hook="{{ forget_changed_patients() }}") }}

-- Which hip of which patient each film shows. A film of both sides belongs to two hips; a hip whose side is unknown
-- belongs to none. Of two boxes on the same side of one film the more certain one is the hip. A film that is dated
-- before the patient was born has no date here.
with shown as (

    select
        {{ hashed_key(['films.patient_key', 'hips.side']) }} as hip_key,
        {{ hashed_key(['films.film_key', 'hips.side']) }} as hip_film_key,
        films.patient_key,
        films.patient_sex,
        films.film_key,
        films.model_version,
        case when not films.dated_before_birth then films.study_date end as study_date,
        case when not films.dated_before_birth then films.acquired_at end as acquired_at,
        films."view",
        films.view_category,
        hips.hip_index,
        hips.side,
        hips.has_implant,
        hips.hip_score,
        hips.implant_score,
        hips.has_cup,
        row_number() over (
            partition by films.film_key, hips.side
            order by hips.hip_score desc, hips.hip_index asc
        ) as certainty
    from {{ ref('int_films_registered') }} as films
    inner join {{ ref('stg_landing__hips') }} as hips
        on
            films.film_key = hips.film_key
            and films.model_version = hips.model_version
    where
        hips.side in ('left', 'right')
        and {{ only_changed_patients('films.patient_key') }}

)

select
    hip_key,
    hip_film_key,
    patient_key,
    patient_sex,
    film_key,
    model_version,
    study_date,
    acquired_at,
    "view",
    view_category,
    hip_index,
    side,
    has_implant,
    hip_score,
    implant_score,
    has_cup
from shown
where certainty = 1
