-- Conflicts about rows that were not supplied.
select conflicts.conflict_key
from {{ ref('supplied_conflict') }} as conflicts
left join {{ ref('stg_supplied__surgeries') }} as surgeries
    on conflicts.supplied_key = surgeries.surgery_key
left join {{ ref('stg_supplied__deaths') }} as deaths
    on conflicts.supplied_key = deaths.patient_key
where
    (conflicts.supplied_table = 'surgery' and surgeries.surgery_key is null)
    or (conflicts.supplied_table = 'death' and deaths.patient_key is null)
