-- Uncertainties of angles that were not measured.
select measurement_key
from {{ ref('fct_cup_measurement') }}
where
    uncertainty_deg is not null
    and value_deg is null
