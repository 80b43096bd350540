{{ config(pre_hook="{{ forget_all_if_anything_new() }}") }}

-- Each unit's primaries in the order of their dates. O - E sums revisions minus what all units' rate would expect in the
-- hip's years. The CUSUM sums the log-likelihood ratio of twice that rate against it and never falls below zero:
-- the sum so far minus its lowest value so far, zero included.
with cases as (

    select
        *,
        sum(revised) over (partition by unit_type)
        / nullif(sum(years_followed) over (partition by unit_type), 0) as pooled_rate
    from {{ ref('int_unit_cases') }}
    where {{ only_if_anything_new() }}

),

weighted as (

    select
        *,
        pooled_rate * years_followed as expected,
        revised * ln(2.0) - pooled_rate * years_followed as weight
    from cases

),

sums as (

    select
        *,
        row_number() over up_to_now as case_number,
        sum(revised) over up_to_now as revisions,
        sum(expected) over up_to_now as expected_revisions,
        sum(weight) over up_to_now as weight_sum
    from weighted
    window up_to_now as (
        partition by unit_type, unit_code order by primary_date, hip_key
        rows between unbounded preceding and current row
    )

),

lowest as (

    select
        *,
        min(weight_sum) over (
            partition by unit_type, unit_code order by primary_date, hip_key
            rows between unbounded preceding and current row
        ) as lowest_sum
    from sums

),

curves as (

    select
        *,
        weight_sum - case when lowest_sum < 0 then lowest_sum else 0 end as cusum
    from lowest

)

select
    case_key,
    unit_type,
    unit_code,
    hip_key,
    case_number,
    primary_date,
    revised = 1 as is_revised,
    cast(years_followed as double precision) as years_followed,
    cast(revisions as bigint) as revisions,
    cast(expected_revisions as double precision) as expected_revisions,
    cast(revisions - expected_revisions as double precision) as observed_minus_expected,
    cast(2 * sqrt(expected_revisions) as double precision) as limit_2sd,
    cast(3 * sqrt(expected_revisions) as double precision) as limit_3sd,
    cast(cusum as double precision) as cusum,
    cast({{ var('registry_settings')['cusum_limit'] }} as double precision) as cusum_limit,
    cusum > {{ var('registry_settings')['cusum_limit'] }} as is_signal
from curves
