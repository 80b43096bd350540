{{ config(pre_hook="{{ forget_changed_patients() }}") }}

-- The accepted angles of a hip on a film side by side; what was refused is missing here and in fct_cup_measurement.
select
    films.film_key,
    measurements.model_version,
    measurements.hip_index,
    min(films.patient_key) as patient_key,
    max(measurements.value_deg) filter (where measurements.measure = 'inclination') as inclination_deg,
    max(measurements.uncertainty_deg) filter (
        where measurements.measure = 'inclination'
    ) as inclination_uncertainty_deg,
    max(measurements.method) filter (where measurements.measure = 'inclination') as inclination_method,
    max(measurements.value_deg) filter (where measurements.measure = 'version') as version_deg,
    max(measurements.uncertainty_deg) filter (where measurements.measure = 'version') as version_uncertainty_deg,
    max(measurements.method) filter (where measurements.measure = 'version') as version_method
from {{ ref('int_films_registered') }} as films
inner join {{ ref('stg_landing__measurements') }} as measurements
    on
        films.film_key = measurements.film_key
        and films.model_version = measurements.model_version
where
    measurements.accepted
    and {{ only_changed_patients('films.patient_key') }}
group by films.film_key, measurements.model_version, measurements.hip_index
