{{ config(pre_hook="{{ forget_changed_patients() }}") }}

with compared as (

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
    from {{ ref('int_cup_angles_placed') }}
    where
        episode_kind <> 'native'
        and {{ only_changed_patients('patient_key') }}
    window this_series as (partition by episode_key, measure, "view", method order by film_number)

),

-- A second look at where the cup was: the first angle of a later day than the baseline's. It follows one of that day.
with_second as (

    select
        *,
        max(
            case when study_date > baseline_date and previous_date = baseline_date then value_deg end
        ) over (partition by episode_key, measure, "view", method) as second_deg
    from compared

),

-- By how much this angle, and the one before it, differ from the baseline.
differences as (

    select
        *,
        value_deg - baseline_deg as change_deg,
        previous_deg - baseline_deg as previous_change_deg
    from with_second

),

-- What this film and the one before it, of another day, both show: no single misread later film explains that. How far
-- both are from the second angle is told in the direction of the change; angles of the baseline's own day have none.
agreed as (

    select
        *,
        previous_date < study_date and previous_change_deg * change_deg > 0 as is_repeated,
        least(abs(change_deg), abs(previous_change_deg)) as repeated_deg,
        least(
            sign(change_deg) * (value_deg - second_deg),
            sign(previous_change_deg)
            * (previous_deg - case when previous_date > baseline_date then second_deg else baseline_deg end)
        ) as repeated_from_second_deg
    from differences

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
    change_deg as change_from_baseline_deg,
    previous_film_key,
    previous_date,
    value_deg - previous_deg as change_from_previous_deg,
    mdc_deg,
    sqrt(uncertainty_deg * uncertainty_deg + baseline_uncertainty_deg * baseline_uncertainty_deg)
        as interval_deg,
    abs(change_deg) > mdc_deg as is_flagged,
    -- Nor does a misread baseline explain it: the second angle says the same, or the change is larger than that.
    case
        when mdc_deg is null then null
        else coalesce(
            is_repeated
            and repeated_deg > mdc_deg
            and (
                repeated_from_second_deg > mdc_deg
                or repeated_deg > {{ var('registry_settings')['change_from_one_baseline_mdc'] }} * mdc_deg
            ),
            false
        )
    end as is_confirmed,
    model_version = baseline_model_version as is_same_model,
    model_version
from agreed
