{{ config(pre_hook="{{ forget_all_if_anything_new() }}") }}

-- Kaplan-Meier with Greenwood's variance and intervals of log(-log S), as textbooks and lifelines have them: a death
-- ends the time under observation. Beside it the cumulative incidences of revision and of death (Aalen-Johansen), where
-- a death is a competing end: the share that was really revised.
with cases as (

    select * from {{ ref('int_primaries_followed') }}
    where {{ only_if_anything_new() }}

),

strata as (

    select 'all' as dimension, 'all' as stratum, outcome, outcome_is_inferred, days_followed from cases
    union all
    select 'sex', coalesce(patient_sex, 'unknown'), outcome, outcome_is_inferred, days_followed from cases
    union all
    select
        'primary_date',
        case when primary_is_inferred then 'inferred from films' else 'supplied' end,
        outcome,
        outcome_is_inferred,
        days_followed
    from cases
    union all
    select 'site', site_code, outcome, outcome_is_inferred, days_followed from cases
    union all
    select 'implant', implant_code, outcome, outcome_is_inferred, days_followed from cases

),

times as (

    select
        dimension,
        stratum,
        days_followed,
        count(*) as hips,
        count(*) filter (where outcome = 'revised') as revised,
        count(*) filter (where outcome = 'revised' and outcome_is_inferred) as revised_inferred,
        count(*) filter (where outcome = 'died') as died,
        count(*) filter (where outcome = 'censored') as censored
    from strata
    group by dimension, stratum, days_followed

),

at_risk as (

    select
        *,
        cast(sum(hips) over (
            partition by dimension, stratum order by days_followed desc
            rows between unbounded preceding and current row
        ) as bigint) as at_risk
    from times

),

products as (

    select
        *,
        max(case when revised = at_risk then 1 else 0 end) over up_to_now as all_revised,
        sum(case when revised < at_risk then ln(1 - cast(revised as double precision) / at_risk) else 0 end)
            over up_to_now as log_survival,
        sum(
            case when revised < at_risk then
                cast(revised as double precision) / (cast(at_risk as double precision) * (at_risk - revised))
            else 0 end
        ) over up_to_now as greenwood_sum,
        max(case when revised + died = at_risk then 1 else 0 end) over up_to_now as all_gone,
        sum(
            case when revised + died < at_risk then
                ln(1 - cast(revised + died as double precision) / at_risk)
            else 0 end
        ) over up_to_now as log_free
    from at_risk
    window up_to_now as (
        partition by dimension, stratum order by days_followed rows between unbounded preceding and current row
    )

),

curves as (

    select
        *,
        case when all_revised = 1 then 0.0 else exp(log_survival) end as survival,
        case when all_gone = 1 then 0.0 else exp(log_free) end as event_free
    from products

),

with_previous as (

    select
        *,
        coalesce(
            lag(event_free) over (partition by dimension, stratum order by days_followed), 1.0
        ) as event_free_before
    from curves

),

incidences as (

    select
        *,
        sum(event_free_before * revised / at_risk) over up_to_now as incidence_revision,
        sum(event_free_before * died / at_risk) over up_to_now as incidence_death
    from with_previous
    window up_to_now as (
        partition by dimension, stratum order by days_followed rows between unbounded preceding and current row
    )

),

-- Of the interval: S to the power of exp(+-1.96 s), s the standard error of log(-log S). None at S = 1 or 0.
with_error as (

    select
        *,
        case when survival > 0 and survival < 1 then sqrt(greenwood_sum) / abs(ln(survival)) end as log_log_error
    from incidences

)

select
    {{ hashed_key(['dimension', 'stratum', 'days_followed']) }} as step_key,
    dimension,
    stratum,
    days_followed,
    at_risk,
    revised,
    revised_inferred,
    died,
    censored,
    cast(survival as double precision) as survival,
    cast(case when survival > 0 then survival * sqrt(greenwood_sum) end as double precision) as standard_error,
    cast(case when survival = 1 then 1.0
        else power(survival, exp(1.959963984540054 * log_log_error)) end as double precision) as survival_low,
    cast(case when survival = 1 then 1.0
        else power(survival, exp(-1.959963984540054 * log_log_error)) end as double precision) as survival_high,
    cast(incidence_revision as double precision) as incidence_revision,
    cast(incidence_death as double precision) as incidence_death
from with_error
