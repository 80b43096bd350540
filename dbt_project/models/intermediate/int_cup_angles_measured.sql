{{ config(pre_hook="{{ forget_changed_patients() }}") }}

-- The accepted angles of dated films of hips, with what a change must exceed to be more than error, as measured of our
-- own models for this view and method.
select
    {{ hashed_key(['hip_films.hip_film_key', 'measurements.measure']) }} as angle_key,
    hip_films.hip_film_key,
    hip_films.hip_key,
    hip_films.patient_key,
    hip_films.side,
    hip_films.film_key,
    hip_films.film_number,
    hip_films.study_date,
    hip_films."view",
    measurements.measure,
    measurements.method,
    measurements.definition,
    measurements.value_deg,
    measurements.uncertainty_deg,
    measurements.model_version,
    errors.detectable_deg as mdc_deg
from {{ ref('int_hip_films_ordered') }} as hip_films
inner join {{ ref('stg_landing__measurements') }} as measurements
    on
        hip_films.film_key = measurements.film_key
        and hip_films.model_version = measurements.model_version
        and hip_films.hip_index = measurements.hip_index
left join {{ ref('measured_errors') }} as errors
    on
        measurements.measure = errors.measure
        and measurements.method = errors.method
        and hip_films."view" = errors."view"
where
    measurements.accepted
    and hip_films.study_date is not null
    and hip_films.believed_implant
    and {{ only_changed_patients('hip_films.patient_key') }}
