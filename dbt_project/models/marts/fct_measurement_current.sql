{{ config(pre_hook="{{ forget_changed_patients() }}") }}

with angles as (

    select * from {{ ref('int_cup_angles_placed') }}
    where {{ only_changed_patients('patient_key') }}

),

latest as (

    select
        hip_key,
        measure,
        method,
        max(film_number) as film_number
    from {{ ref('int_cup_angles_measured') }}
    where {{ only_changed_patients('patient_key') }}
    group by hip_key, measure, method

)

select
    {{ hashed_key(['angles.hip_key', 'angles.measure', 'angles.method']) }} as current_key,
    angles.hip_key,
    angles.patient_key,
    angles.side,
    angles.measure,
    angles.method,
    angles.definition,
    angles.film_key,
    angles.episode_key,
    angles.study_date,
    angles."view",
    angles.value_deg,
    angles.uncertainty_deg,
    angles.model_version
from angles
inner join latest
    on
        angles.hip_key = latest.hip_key
        and angles.measure = latest.measure
        and angles.method = latest.method
        and angles.film_number = latest.film_number
