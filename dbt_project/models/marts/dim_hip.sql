with timeline as (

    select * from {{ ref('hip_timeline') }}

),

-- The sex that most of the patient's films carry; two equally frequent ones are settled by the alphabet.
patients as (

    select
        patient_key,
        mode(patient_sex order by patient_sex) as patient_sex
    from {{ ref('int_films_registered') }}
    group by patient_key

),

hips as (

    select
        hip_key,
        any_value(patient_key) as patient_key,
        any_value(side) as side,
        count(*) as films,
        count(*) filter (where has_implant) as films_with_implant,
        min(study_date) as first_film_date,
        max(study_date) as last_film_date,
        max(study_date) filter (where not has_implant) as last_native_date,
        min(study_date) filter (where has_implant) as first_implant_date,
        max(study_date) filter (where has_implant) as last_implant_date,
        count(*) filter (where inclination_deg is not null) as films_with_inclination,
        count(*) filter (where version_deg is not null) as films_with_version,
        arg_max(inclination_deg, film_number) filter (where inclination_deg is not null) as last_inclination_deg,
        arg_max(version_deg, film_number) filter (where version_deg is not null) as last_version_deg,
        arg_max(version_method, film_number) filter (where version_deg is not null) as last_version_method
    from timeline
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
inner join patients
    on hips.patient_key = patients.patient_key
