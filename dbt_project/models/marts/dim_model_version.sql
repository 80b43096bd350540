{{ config(pre_hook="{{ forget_all_if_anything_new() }}") }}

with readings as (

    select
        model_version,
        count(*) as films_read,
        count(distinct preprocessing) as preprocessings,
        min(inferred_at) as first_used_at,
        max(inferred_at) as last_used_at
    from {{ ref('stg_landing__inferences') }}
    where {{ only_if_anything_new() }}
    group by model_version

),

current_readings as (

    select
        model_version,
        count(*) as films_current
    from {{ ref('int_inferences_current') }}
    group by model_version

)

select
    readings.model_version,
    {{ dbt.split_part('readings.model_version', "'-'", 1) }} as ensemble,
    readings.films_read,
    coalesce(current_readings.films_current, 0) as films_current,
    readings.preprocessings,
    readings.first_used_at,
    readings.last_used_at
from readings
left join current_readings
    on readings.model_version = current_readings.model_version
