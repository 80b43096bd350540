-- Accepted angles without a value, and refused ones without a reason.
select measurement_key
from {{ ref('fct_cup_measurement') }}
where
    (accepted and value_deg is null)
    or (accepted and why_not is not null)
    or (not accepted and why_not is null)
