{{ config(pre_hook="{{ forget_changed_patients() }}") }}

with hips as (

    select
        hip_key,
        min(patient_key) as patient_key,
        min(side) as side,
        count(*) as films,
        count(*) filter (where has_implant) as films_with_implant,
        min(study_date) as first_film_date,
        max(study_date) as last_film_date,
        max(study_date) filter (where not has_implant) as last_native_date,
        min(study_date) filter (where has_implant) as first_implant_date,
        count(*) filter (where inclination_deg is not null) as films_with_inclination,
        count(*) filter (where version_deg is not null) as films_with_version,
        {{ value_at_latest('inclination_deg', 'film_number', 'inclination_deg is not null') }} as last_inclination_deg,
        {{ value_at_latest('version_deg', 'film_number', 'version_deg is not null') }} as last_version_deg,
        {{ value_at_latest('version_method', 'film_number', 'version_deg is not null') }} as last_version_method
    from {{ ref('hip_timeline') }}
    where {{ only_changed_patients('patient_key') }}
    group by hip_key

),

episodes as (

    select
        hip_key,
        max(kind) filter (where is_current) as current_episode_kind,
        count(*) filter (where kind = 'primary') as primaries,
        count(*) filter (where kind = 'revision') as revisions
    from {{ ref('hip_episode') }}
    where {{ only_changed_patients('patient_key') }}
    group by hip_key

)

select
    hips.hip_key,
    hips.patient_key,
    hips.side,
    patients.patient_sex,
    hips.films,
    hips.films_with_implant,
    hips.films_with_implant > 0 as has_implant,
    episodes.current_episode_kind,
    episodes.primaries,
    episodes.revisions,
    hips.first_film_date,
    hips.last_film_date,
    hips.last_native_date,
    hips.first_implant_date,
    coalesce(hips.first_implant_date < hips.last_native_date, false) as native_after_implant,
    hips.films_with_inclination,
    hips.films_with_version,
    hips.last_inclination_deg,
    hips.last_version_deg,
    hips.last_version_method
from hips
inner join {{ ref('dim_patient') }} as patients
    on hips.patient_key = patients.patient_key
left join episodes
    on hips.hip_key = episodes.hip_key
