{{ config(pre_hook="{{ forget_changed_patients() }}") }}

-- Cups that lie elsewhere from one film to the next and stay there: another cup. Two films before the jump must agree,
-- and two after it, so that no single misread film makes an operation; a cup that goes on moving is migrating.
-- Angles are compared within one view and method only. A smaller jump counts where another view, which is of other
-- films, jumps over the same time.
{% set settings = var('registry_settings') %}

with series as (

    select
        *,
        row_number() over (
            partition by hip_key, measure, "view", method, study_date order by film_number
        ) as of_the_day
    from {{ ref('int_cup_angles_measured') }}
    where
        mdc_deg is not null
        and {{ only_changed_patients('patient_key') }}

),

days as (

    select
        *,
        lag(value_deg) over this_series as value_before,
        lag(uncertainty_deg) over this_series as uncertainty_before,
        lag(study_date) over this_series as date_before,
        lag(film_number) over this_series as film_before,
        lag(value_deg, 2) over this_series as value_two_before,
        lead(value_deg) over this_series as value_after
    from series
    where of_the_day = 1
    window this_series as (partition by hip_key, measure, "view", method order by film_number)

),

-- How far, in times of what two such angles must differ by.
steps as (

    select
        *,
        abs(value_deg - value_before)
        / {{ least_change('mdc_deg', 'uncertainty_deg', 'uncertainty_before') }} as jump_times
    from days

),

jumps as (

    select *
    from steps
    where
        jump_times > {{ settings['revision_jump_two_views_mdc'] }}
        and abs(value_after - value_deg) <= mdc_deg
        and abs(value_before - value_two_before) <= mdc_deg

),

in_two_views as (

    select distinct jumps.angle_key
    from jumps
    inner join jumps as others
        on
            jumps.hip_key = others.hip_key
            and jumps."view" != others."view"
            and jumps.film_before < others.film_number
            and jumps.film_number > others.film_before

)

select
    angle_key,
    hip_key,
    patient_key,
    film_before,
    date_before,
    film_number,
    study_date
from jumps
where
    jump_times > {{ settings['revision_jump_mdc'] }}
    or angle_key in (select angle_key from in_two_views)
