-- Hips whose dated films are not exactly the films that their episodes count, and dated films without an episode.
with films as (

    select
        hip_key,
        count(study_date) as dated,
        count(*) filter (where study_date is not null and episode_key is null) as homeless
    from {{ ref('hip_timeline') }}
    group by hip_key

),

episodes as (

    select
        hip_key,
        sum(films) as films
    from {{ ref('hip_episode') }}
    group by hip_key

)

select
    films.hip_key,
    films.dated,
    episodes.films
from films
full outer join episodes
    on films.hip_key = episodes.hip_key
where
    films.hip_key is null
    or episodes.hip_key is null
    or films.dated <> episodes.films
    or films.homeless > 0
