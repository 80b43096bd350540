-- Accepted angles of dated, believed films after an operation that are not exactly one row of hip_change.
with angles as (

    select
        timeline.hip_film_key,
        measurements.measure
    from {{ ref('hip_timeline') }} as timeline
    inner join {{ ref('fct_cup_measurement') }} as measurements
        on
            timeline.film_key = measurements.film_key
            and timeline.side = measurements.side
    where
        measurements.accepted
        and timeline.study_date is not null
        and timeline.believed_implant
        and timeline.episode_kind <> 'native'
    group by timeline.hip_film_key, measurements.measure

)

select
    coalesce(angles.hip_film_key, changes.hip_film_key) as hip_film_key,
    coalesce(angles.measure, changes.measure) as measure
from angles
full outer join {{ ref('hip_change') }} as changes
    on
        angles.hip_film_key = changes.hip_film_key
        and angles.measure = changes.measure
where
    angles.hip_film_key is null
    or changes.hip_film_key is null
