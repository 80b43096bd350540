{{ config(pre_hook="{{ forget_changed_patients() }}") }}

-- The year of birth that most registered films of a patient agree on: it unmasks a film that is dated before it.
select
    patient_key,
    cast(
        percentile_cont(0.5) within group (
            order by extract(year from study_date) - patient_age_years
        ) as double precision
    ) as birth_year
from {{ ref('stg_landing__films') }}
where
    film_key in (select film_key from {{ ref('fct_file_disposition') }} where disposition = 'registered')
    and study_date is not null
    and patient_age_years is not null
    and {{ only_changed_patients('patient_key') }}
group by patient_key
