{{ config(pre_hook="{{ forget_all_if_anything_new() }}") }}

-- Revisions per 100 hip-years of each unit, against all units together; limits of 2 and 3 standard deviations of a
-- Poisson count over the unit's own hip-years.
with units as (

    select
        unit_type,
        unit_code,
        count(*) as primaries,
        cast(sum(revised) as bigint) as revisions,
        cast(sum(years_followed) as double precision) as hip_years
    from {{ ref('int_unit_cases') }}
    where {{ only_if_anything_new() }}
    group by unit_type, unit_code

),

pooled as (

    select
        *,
        sum(revisions) over (partition by unit_type)
        / nullif(sum(hip_years) over (partition by unit_type), 0) as pooled_rate
    from units

),

limits as (

    select
        *,
        pooled_rate * hip_years as expected_revisions,
        sqrt(pooled_rate / nullif(hip_years, 0)) as rate_sd
    from pooled

)

select
    {{ hashed_key(['unit_type', 'unit_code']) }} as unit_key,
    unit_type,
    unit_code,
    primaries,
    revisions,
    hip_years,
    cast(expected_revisions as double precision) as expected_revisions,
    cast(100 * revisions / nullif(hip_years, 0) as double precision) as rate_per_100_years,
    cast(100 * pooled_rate as double precision) as pooled_rate_per_100_years,
    cast(
        100 * case
            when pooled_rate > 2 * rate_sd then pooled_rate - 2 * rate_sd
            when rate_sd is not null then 0
        end as double precision
    )
        as low_2sd,
    cast(100 * (pooled_rate + 2 * rate_sd) as double precision) as high_2sd,
    cast(
        100 * case
            when pooled_rate > 3 * rate_sd then pooled_rate - 3 * rate_sd
            when rate_sd is not null then 0
        end as double precision
    )
        as low_3sd,
    cast(100 * (pooled_rate + 3 * rate_sd) as double precision) as high_3sd,
    case
        when pooled_rate is null or hip_years = 0 then null
        when revisions / hip_years > pooled_rate + 3 * rate_sd then 'above 3 SD'
        when revisions / hip_years > pooled_rate + 2 * rate_sd then 'above 2 SD'
        when revisions / hip_years < pooled_rate - 3 * rate_sd then 'below 3 SD'
        when revisions / hip_years < pooled_rate - 2 * rate_sd then 'below 2 SD'
        else 'inside'
    end as verdict
from limits
