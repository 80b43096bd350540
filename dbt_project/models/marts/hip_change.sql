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

marked as (

    select
        *,
        study_date > baseline_date and previous_date = baseline_date as is_second
    from compared

),

-- A second look at where the cup was: the first angle of a later day than the baseline's. It follows one of that day.
with_second as (

    select
        *,
        max(case when is_second then value_deg end) over this_series as second_deg,
        max(case when is_second then uncertainty_deg end) over this_series as second_uncertainty_deg
    from marked
    window this_series as (partition by episode_key, measure, "view", method)

),

-- By how many times what two such angles must differ by this one differs from the baseline, and from the second.
differences as (

    select
        *,
        (value_deg - baseline_deg)
        / {{ least_change('mdc_deg', 'uncertainty_deg', 'baseline_uncertainty_deg') }} as change_times,
        (value_deg - second_deg)
        / {{ least_change('mdc_deg', 'uncertainty_deg', 'second_uncertainty_deg') }} as from_second_times
    from with_second

),

with_previous as (

    select
        *,
        lag(change_times) over this_series as previous_times,
        lag(from_second_times) over this_series as previous_from_second_times
    from differences
    window this_series as (partition by episode_key, measure, "view", method order by film_number)

),

-- What this film and the one before it, of another day, both show: no single misread later film explains that. How far
-- both are from the second angle is told in the direction of the change; angles of the baseline's own day have none.
agreed as (

    select
        *,
        previous_date < study_date and previous_times * change_times > 0 as is_repeated,
        least(abs(change_times), abs(previous_times)) as repeated_times,
        least(
            sign(change_times) * from_second_times,
            sign(previous_times)
            * case when previous_date > baseline_date then previous_from_second_times else previous_times end
        ) as repeated_from_second_times
    from with_previous

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
    value_deg - baseline_deg as change_from_baseline_deg,
    previous_film_key,
    previous_date,
    value_deg - previous_deg as change_from_previous_deg,
    mdc_deg,
    {{ interval_of_difference('uncertainty_deg', 'baseline_uncertainty_deg') }} as interval_deg,
    abs(change_times) > 1 as is_flagged,
    -- Nor does a misread baseline explain it: the second angle says the same, or the change is larger than that.
    case
        when mdc_deg is null then null
        else coalesce(
            is_repeated
            and repeated_times > 1
            and (
                repeated_from_second_times > 1
                or repeated_times > {{ var('registry_settings')['change_from_one_baseline_mdc'] }}
            ),
            false
        )
    end as is_confirmed,
    model_version = baseline_model_version as is_same_model,
    model_version
from agreed
