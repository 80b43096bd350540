{{ config(materialized='view') }}

-- The accepted angles with the episode that each is of.
select
    angles.*,
    episodes.episode_key,
    episodes.kind as episode_kind,
    episodes.is_current as is_of_current_episode
from {{ ref('int_cup_angles_measured') }} as angles
left join {{ ref('int_hip_events') }} as events
    on
        angles.hip_key = events.hip_key
        and angles.film_number >= events.first_film_number
        and angles.film_number <= events.last_film_number
inner join {{ ref('hip_episode') }} as episodes
    on
        angles.hip_key = episodes.hip_key
        and coalesce(events.event_number, 0) = episodes.episode_number
