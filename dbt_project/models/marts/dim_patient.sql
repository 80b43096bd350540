{{ config(pre_hook="{{ forget_changed_patients() }}") }}

with films as (

    select * from {{ ref('fct_radiograph') }}
    where {{ only_changed_patients('patient_key') }}

),

-- The sex that most of the patient's films carry; of two equally frequent ones the first in the alphabet.
sexes as (

    select
        patient_key,
        patient_sex,
        row_number() over (
            partition by patient_key order by count(*) desc, patient_sex asc
        ) as place,
        count(*) over (partition by patient_key) as sexes
    from films
    where patient_sex is not null
    group by patient_key, patient_sex

),

patients as (

    select
        patient_key,
        count(*) as films,
        count(*) filter (where has_implant) as films_with_implant,
        count(*) filter (where study_date is null) as films_without_date,
        count(*) filter (where dated_before_birth) as films_dated_before_birth,
        min(case when not dated_before_birth then study_date end) as first_film_date,
        max(case when not dated_before_birth then study_date end) as last_film_date
    from films
    group by patient_key

)

select
    patients.patient_key,
    sexes.patient_sex,
    coalesce(sexes.sexes > 1, false) as sexes_disagree,
    births.birth_year,
    patients.films,
    patients.films_with_implant,
    patients.films_without_date,
    patients.films_dated_before_birth,
    patients.first_film_date,
    patients.last_film_date,
    deaths.death_date,
    case
        when deaths.death_date is not null then 'dead'
        when (select count(*) from {{ ref('stg_supplied__deaths') }}) > 0 then 'no death supplied'
        else 'not supplied'
    end as death_status
from patients
left join sexes
    on
        patients.patient_key = sexes.patient_key
        and sexes.place = 1
left join {{ ref('int_patient_births') }} as births
    on patients.patient_key = births.patient_key
left join {{ ref('stg_supplied__deaths') }} as deaths
    on patients.patient_key = deaths.patient_key
