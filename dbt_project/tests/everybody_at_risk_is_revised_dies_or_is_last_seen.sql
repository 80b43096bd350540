-- Steps of a survival curve whose numbers at risk do not become those of the next step, or at the end zero.
with steps as (

    select
        *,
        coalesce(
            lead(at_risk) over (partition by dimension, stratum order by days_followed), 0
        ) as at_risk_next
    from {{ ref('survival_km') }}

)

select step_key
from steps
where at_risk - revised - died - censored <> at_risk_next
