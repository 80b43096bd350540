{{ config(pre_hook="{{ forget_changed_patients() }}") }}

with films as (

    select
        films.*,
        events.event_number as episode_number,
        angles.inclination_deg,
        angles.inclination_uncertainty_deg,
        angles.inclination_method,
        angles.version_deg,
        angles.version_uncertainty_deg,
        angles.version_method
    from {{ ref('int_hip_films_ordered') }} as films
    left join {{ ref('int_hip_film_events') }} as events
        on films.hip_film_key = events.hip_film_key
    left join {{ ref('int_cup_angles_pivoted') }} as angles
        on
            films.film_key = angles.film_key
            and films.model_version = angles.model_version
            and films.hip_index = angles.hip_index
    where {{ only_changed_patients('films.patient_key') }}

),

-- Later films are compared with the first of the same episode, view and method that has an accepted angle.
baselines as (

    select
        hip_key,
        episode_number,
        "view",
        min(film_number) filter (where inclination_deg is not null) as inclination_film,
        min(film_number) filter (where version_deg is not null) as version_film,
        min(study_date) filter (where inclination_deg is not null or version_deg is not null) as baseline_date
    from films
    where
        study_date is not null
        and believed_implant
    group by hip_key, episode_number, "view"

),

dated as (

    select
        hip_key,
        min(study_date) as first_film_date
    from films
    group by hip_key

)

select
    films.hip_film_key,
    films.hip_key,
    films.film_key,
    films.patient_key,
    films.side,
    films.film_number,
    films.study_date,
    films.acquired_at,
    episodes.episode_key,
    episodes.kind as episode_kind,
    {{ days_between('dated.first_film_date', 'films.study_date') }} as days_since_first_film,
    {{ days_between('episodes.start_date', 'films.study_date') }} as days_since_operation,
    {{ days_between('baselines.baseline_date', 'films.study_date') }} as days_since_baseline,
    coalesce(films.film_number in (baselines.inclination_film, baselines.version_film), false) as is_baseline,
    coalesce(films.film_number = baselines.inclination_film, false) as is_inclination_baseline,
    coalesce(films.film_number = baselines.version_film, false) as is_version_baseline,
    films."view",
    films.view_category,
    films.has_implant,
    films.believed_implant,
    films.implant_score,
    films.has_cup,
    films.inclination_deg,
    films.inclination_uncertainty_deg,
    films.inclination_method,
    films.version_deg,
    films.version_uncertainty_deg,
    films.version_method,
    films.model_version
from films
inner join dated
    on films.hip_key = dated.hip_key
left join {{ ref('hip_episode') }} as episodes
    on
        films.hip_key = episodes.hip_key
        and films.episode_number = episodes.episode_number
left join baselines
    on
        films.hip_key = baselines.hip_key
        and films.episode_number = baselines.episode_number
        and films."view" = baselines."view"
