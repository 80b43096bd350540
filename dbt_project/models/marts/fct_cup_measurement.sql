{{ config(pre_hook="{{ forget_changed_patients() }}") }}

select
    {{ hashed_key(['measurements.film_key', 'measurements.hip_index', 'measurements.measure']) }} as measurement_key,
    films.film_key,
    measurements.hip_index,
    measurements.measure,
    case
        when hips.side in ('left', 'right') then {{ hashed_key(['films.patient_key', 'hips.side']) }}
    end as hip_key,
    films.patient_key,
    hips.side,
    films.study_date,
    films."view",
    measurements.value_deg,
    measurements.method,
    measurements.definition,
    measurements.reference,
    measurements.confidence,
    measurements.uncertainty_deg,
    measurements.accepted,
    measurements.why_not,
    films.model_version
from {{ ref('fct_radiograph') }} as films
inner join {{ ref('stg_landing__measurements') }} as measurements
    on
        films.film_key = measurements.film_key
        and films.model_version = measurements.model_version
inner join {{ ref('stg_landing__hips') }} as hips
    on
        measurements.film_key = hips.film_key
        and measurements.model_version = hips.model_version
        and measurements.hip_index = hips.hip_index
where {{ only_changed_patients('films.patient_key') }}
