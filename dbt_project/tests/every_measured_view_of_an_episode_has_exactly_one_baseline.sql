-- Episodes and views with another number of baselines than one where a believed film has an accepted angle, or none
-- otherwise.
select
    hip_key,
    episode_key,
    "view"
from {{ ref('hip_timeline') }}
group by hip_key, episode_key, "view"
having
    count(*) filter (where is_inclination_baseline) <> max(
        case when inclination_deg is not null and believed_implant and study_date is not null then 1 else 0 end
    )
    or count(*) filter (where is_version_baseline) <> max(
        case when version_deg is not null and believed_implant and study_date is not null then 1 else 0 end
    )
