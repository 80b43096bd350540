{{ config(pre_hook="{{ forget_changed_patients() }}") }}

-- The followed primaries once per kind of unit that answers for them.
with cases as (

    select * from {{ ref('int_primaries_followed') }}
    where {{ only_changed_patients('patient_key') }}

),

units as (

    select 'site' as unit_type, site_code as unit_code, cases.* from cases
    union all
    select 'surgeon', surgeon_code, cases.* from cases
    union all
    select 'implant', implant_code, cases.* from cases

)

select
    {{ hashed_key(['unit_type', 'hip_key']) }} as case_key,
    unit_type,
    unit_code,
    hip_key,
    patient_key,
    primary_date,
    case when outcome = 'revised' then 1 else 0 end as revised,
    days_followed / 365.25 as years_followed
from units
