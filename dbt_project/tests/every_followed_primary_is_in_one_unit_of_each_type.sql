-- Types of unit whose primaries are not as many as those that the survival curve of all follows, in the funnel or in
-- the CUSUM.
with followed as (

    select coalesce(max(at_risk), 0) as primaries
    from {{ ref('survival_km') }}
    where dimension = 'all'

),

funnel as (

    select
        unit_type,
        sum(primaries) as primaries,
        sum(revisions) as revisions
    from {{ ref('unit_funnel') }}
    group by unit_type

),

cusum as (

    select
        unit_type,
        count(*) as primaries,
        count(*) filter (where is_revised) as revisions
    from {{ ref('unit_cusum') }}
    group by unit_type

)

select funnel.unit_type
from funnel
full outer join cusum
    on funnel.unit_type = cusum.unit_type
cross join followed
where
    funnel.unit_type is null
    or cusum.unit_type is null
    or funnel.primaries <> cusum.primaries
    or funnel.revisions <> cusum.revisions
    or funnel.primaries <> followed.primaries
