{{ config(pre_hook="{{ forget_changed_patients() }}") }}

with numbered as (

    select
        angles.*,
        timeline.episode_key,
        row_number() over (
            partition by angles.hip_key, angles.measure, angles.method order by angles.film_number desc
        ) as recency
    from {{ ref('int_cup_angles_measured') }} as angles
    inner join {{ ref('hip_timeline') }} as timeline
        on angles.hip_film_key = timeline.hip_film_key
    where {{ only_changed_patients('angles.patient_key') }}

)

select
    {{ hashed_key(['hip_key', 'measure', 'method']) }} as current_key,
    hip_key,
    patient_key,
    side,
    measure,
    method,
    definition,
    film_key,
    episode_key,
    study_date,
    "view",
    value_deg,
    uncertainty_deg,
    model_version
from numbered
where recency = 1
