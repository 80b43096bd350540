with hip_films as (

    select
        hip_films.*,
        angles.inclination_deg,
        angles.inclination_uncertainty_deg,
        angles.inclination_method,
        angles.version_deg,
        angles.version_uncertainty_deg,
        angles.version_method
    from {{ ref('int_hip_films_identified') }} as hip_films
    left join {{ ref('int_cup_angles_pivoted') }} as angles
        on
            hip_films.film_key = angles.film_key
            and hip_films.model_version = angles.model_version
            and hip_films.hip_index = angles.hip_index

),

-- Films of one day follow each other by time where the header has one; without a date a film comes last.
ordered as (

    select
        *,
        row_number() over (
            partition by hip_key
            order by study_date asc nulls last, acquired_at asc nulls last, film_key asc
        ) as film_number,
        min(study_date) over (partition by hip_key) as first_film_date,
        min(study_date) filter (where has_implant) over (partition by hip_key) as first_implant_date
    from hip_films

),

-- The baseline is the first dated film that shows the implant: later films are compared with it.
with_baseline as (

    select
        *,
        min(film_number) filter (where has_implant and study_date is not null) over (
            partition by hip_key
        ) as baseline_number
    from ordered

)

select
    hip_film_key,
    hip_key,
    film_key,
    patient_key,
    side,
    film_number,
    study_date,
    acquired_at,
    date_diff('day', first_film_date, study_date) as days_since_first_film,
    date_diff('day', first_implant_date, study_date) as days_since_baseline,
    coalesce(film_number = baseline_number, false) as is_baseline,
    "view",
    view_category,
    has_implant,
    implant_score,
    has_cup,
    inclination_deg,
    inclination_uncertainty_deg,
    inclination_method,
    version_deg,
    version_uncertainty_deg,
    version_method,
    model_version
from with_baseline
