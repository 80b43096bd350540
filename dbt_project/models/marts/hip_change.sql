{{ config(pre_hook="{{ forget_changed_patients() }}") }}

with angles as (

    select
        angles.*,
        timeline.episode_key
    from {{ ref('int_cup_angles_measured') }} as angles
    inner join {{ ref('hip_timeline') }} as timeline
        on angles.hip_film_key = timeline.hip_film_key
    where
        timeline.episode_kind <> 'native'
        and {{ only_changed_patients('angles.patient_key') }}

),

compared as (

    select
        *,
        first_value(film_key) over this_series as baseline_film_key,
        first_value(study_date) over this_series as baseline_date,
        first_value(value_deg) over this_series as baseline_deg,
        first_value(uncertainty_deg) over this_series as baseline_uncertainty_deg,
        first_value(model_version) over this_series as baseline_model_version,
        lag(film_key) over this_series as previous_film_key,
        lag(study_date) over this_series as previous_date,
        lag(value_deg) over this_series as previous_deg
    from angles
    window this_series as (partition by episode_key, measure, "view", method order by film_number)

),

differences as (

    select
        *,
        value_deg - baseline_deg as change_from_baseline_deg,
        value_deg - previous_deg as change_from_previous_deg,
        abs(value_deg - baseline_deg) > mdc_deg as is_flagged
    from compared

),

-- Confirmed: the film before it in the series, of another day, is flagged too, and in the same direction.
with_previous as (

    select
        *,
        lag(change_from_baseline_deg) over this_series as previous_change_deg,
        lag(is_flagged) over this_series as previous_is_flagged
    from differences
    window this_series as (partition by episode_key, measure, "view", method order by film_number)

)

select
    angle_key as change_key,
    hip_film_key,
    hip_key,
    patient_key,
    episode_key,
    film_key,
    side,
    study_date,
    measure,
    "view",
    method,
    value_deg,
    film_key = baseline_film_key as is_baseline,
    baseline_film_key,
    baseline_date,
    baseline_deg,
    change_from_baseline_deg,
    previous_film_key,
    previous_date,
    change_from_previous_deg,
    mdc_deg,
    sqrt(uncertainty_deg * uncertainty_deg + baseline_uncertainty_deg * baseline_uncertainty_deg)
        as interval_deg,
    is_flagged,
    case
        when is_flagged is null then null
        else coalesce(
            is_flagged
            and previous_is_flagged
            and previous_change_deg * change_from_baseline_deg > 0
            and previous_date < study_date,
            false
        )
    end as is_confirmed,
    model_version = baseline_model_version as is_same_model,
    model_version
from with_previous
