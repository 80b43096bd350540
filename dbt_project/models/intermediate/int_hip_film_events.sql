{{ config(materialized='view') }}

-- The films of hips with the last operation before each dated one, if any.
select
    films.*,
    case when films.study_date is not null then coalesce(events.event_number, 0) end as event_number
from {{ ref('int_hip_films_ordered') }} as films
left join {{ ref('int_hip_events') }} as events
    on
        films.hip_key = events.hip_key
        and films.film_number >= events.first_film_number
        and films.film_number <= events.last_film_number
