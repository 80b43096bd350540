-- Hips with another number of baseline films than one where a dated film shows the implant, or none otherwise.
select
    hip_key,
    count(*) filter (where is_baseline) as baselines
from {{ ref('hip_timeline') }}
group by hip_key
having
    count(*) filter (where is_baseline)
    <> cast(count(*) filter (where has_implant and study_date is not null) > 0 as integer)
