-- The accepted angles of a hip on a film side by side; what was refused is missing here and in fct_cup_measurement.
select
    film_key,
    model_version,
    hip_index,
    max(value_deg) filter (where measure = 'inclination') as inclination_deg,
    max(uncertainty_deg) filter (where measure = 'inclination') as inclination_uncertainty_deg,
    max(method) filter (where measure = 'inclination') as inclination_method,
    max(value_deg) filter (where measure = 'version') as version_deg,
    max(uncertainty_deg) filter (where measure = 'version') as version_uncertainty_deg,
    max(method) filter (where measure = 'version') as version_method
from {{ ref('stg_landing__measurements') }}
where accepted
group by film_key, model_version, hip_index
