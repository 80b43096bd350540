{{ config(pre_hook="{{ forget_changed_patients() }}") }}

with films as (

    select * from {{ ref('int_hip_film_events') }}
    where {{ only_changed_patients('patient_key') }}

),

-- Refused angles are missing here, and in fct_cup_measurement.
accepted as (

    select
        film_key,
        model_version,
        hip_index,
        measure,
        value_deg,
        uncertainty_deg,
        method
    from {{ ref('stg_landing__measurements') }}
    where accepted

),

-- Later films are compared with the first of the same episode, view and method that has an accepted angle.
baselines as (

    select
        episode_key,
        "view",
        min(film_number) filter (where measure = 'inclination') as inclination_film,
        min(film_number) filter (where measure = 'version') as version_film,
        min(study_date) as baseline_date
    from {{ ref('int_cup_angles_placed') }}
    where {{ only_changed_patients('patient_key') }}
    group by episode_key, "view"

),

-- An undated film is first only where no film has a date.
dated as (

    select
        hip_key,
        study_date as first_film_date
    from {{ ref('int_hip_films_ordered') }}
    where
        film_number = 1
        and {{ only_changed_patients('patient_key') }}

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
    inclinations.value_deg as inclination_deg,
    inclinations.uncertainty_deg as inclination_uncertainty_deg,
    inclinations.method as inclination_method,
    versions.value_deg as version_deg,
    versions.uncertainty_deg as version_uncertainty_deg,
    versions.method as version_method,
    films.model_version
from films
inner join dated
    on films.hip_key = dated.hip_key
left join accepted as inclinations
    on
        films.film_key = inclinations.film_key
        and films.model_version = inclinations.model_version
        and films.hip_index = inclinations.hip_index
        and inclinations.measure = 'inclination'
left join accepted as versions
    on
        films.film_key = versions.film_key
        and films.model_version = versions.model_version
        and films.hip_index = versions.hip_index
        and versions.measure = 'version'
left join {{ ref('hip_episode') }} as episodes
    on
        films.hip_key = episodes.hip_key
        and films.event_number = episodes.episode_number
left join baselines
    on
        episodes.episode_key = baselines.episode_key
        and films."view" = baselines."view"
