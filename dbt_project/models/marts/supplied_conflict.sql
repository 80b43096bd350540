{{ config(pre_hook="{{ forget_all_if_anything_new() }}") }}

with surgeries as (

    select * from {{ ref('stg_supplied__surgeries') }}
    where {{ only_if_anything_new() }}

),

deaths as (

    select * from {{ ref('stg_supplied__deaths') }}
    where {{ only_if_anything_new() }}

),

hip_films as (

    select * from {{ ref('int_hip_films_ordered') }}
    where study_date is not null

),

-- What films before and after each operation show of the same hip.
around as (

    select
        surgeries.surgery_key,
        max(films.study_date) filter (
            where films.believed_implant and films.study_date < surgeries.surgery_date
        ) as implant_before,
        max(films.study_date) filter (
            where not films.believed_implant and films.study_date < surgeries.surgery_date
        ) as native_before,
        min(films.study_date) filter (
            where not films.believed_implant and films.study_date > surgeries.surgery_date
        ) as native_after
    from surgeries
    inner join hip_films as films
        on surgeries.hip_key = films.hip_key
    group by surgeries.surgery_key

),

-- Operations with another one between them and the last film without an implant. As a join: DuckDB 1.5 finds nothing
-- where a correlated EXISTS compares by <> and by < at once.
explained as (

    select distinct surgeries.surgery_key
    from surgeries
    inner join around
        on surgeries.surgery_key = around.surgery_key
    inner join surgeries as others
        on
            surgeries.hip_key = others.hip_key
            and surgeries.surgery_key <> others.surgery_key
            and others.surgery_date between around.native_before and surgeries.surgery_date

),

per_hip as (

    select
        surgery_key,
        row_number() over (partition by hip_key, kind order by surgery_date, surgery_key) as number_of_kind,
        row_number() over (partition by hip_key, surgery_date order by surgery_key) as number_of_day
    from surgeries

),

conflicts as (

    select
        'surgery' as supplied_table,
        surgeries.surgery_key as supplied_key,
        surgeries.patient_key,
        surgeries.hip_key,
        surgeries.surgery_date as supplied_date,
        'patient_without_films' as conflict,
        cast(null as date) as film_date
    from surgeries
    left join {{ ref('dim_patient') }} as patients
        on surgeries.patient_key = patients.patient_key
    where patients.patient_key is null

    union all

    select 'surgery', surgeries.surgery_key, surgeries.patient_key, surgeries.hip_key, surgeries.surgery_date,
        'hip_without_films', null
    from surgeries
    inner join {{ ref('dim_patient') }} as patients
        on surgeries.patient_key = patients.patient_key
    left join {{ ref('dim_hip') }} as hips
        on surgeries.hip_key = hips.hip_key
    where hips.hip_key is null

    union all

    select 'surgery', surgeries.surgery_key, surgeries.patient_key, surgeries.hip_key, surgeries.surgery_date,
        'implant_on_film_before_primary', around.implant_before
    from surgeries
    inner join around
        on surgeries.surgery_key = around.surgery_key
    where
        surgeries.kind = 'primary'
        and around.implant_before is not null

    union all

    select 'surgery', surgeries.surgery_key, surgeries.patient_key, surgeries.hip_key, surgeries.surgery_date,
        'native_on_film_before_revision', around.native_before
    from surgeries
    inner join around
        on surgeries.surgery_key = around.surgery_key
    left join explained
        on surgeries.surgery_key = explained.surgery_key
    where
        surgeries.kind = 'revision'
        and around.native_before is not null
        and around.implant_before is null
        and explained.surgery_key is null

    union all

    select 'surgery', surgeries.surgery_key, surgeries.patient_key, surgeries.hip_key, surgeries.surgery_date,
        'native_on_film_after_primary', around.native_after
    from surgeries
    inner join around
        on surgeries.surgery_key = around.surgery_key
    where
        surgeries.kind = 'primary'
        and around.native_after is not null

    union all

    select 'surgery', surgeries.surgery_key, surgeries.patient_key, surgeries.hip_key, surgeries.surgery_date,
        'second_primary_of_hip', null
    from surgeries
    inner join per_hip
        on surgeries.surgery_key = per_hip.surgery_key
    where
        surgeries.kind = 'primary'
        and per_hip.number_of_kind > 1

    union all

    select 'surgery', surgeries.surgery_key, surgeries.patient_key, surgeries.hip_key, surgeries.surgery_date,
        'second_surgery_of_hip_and_day', null
    from surgeries
    inner join per_hip
        on surgeries.surgery_key = per_hip.surgery_key
    where per_hip.number_of_day > 1

    union all

    select 'surgery', surgeries.surgery_key, surgeries.patient_key, surgeries.hip_key, surgeries.surgery_date,
        'surgery_after_death', null
    from surgeries
    inner join deaths
        on surgeries.patient_key = deaths.patient_key
    where surgeries.surgery_date > deaths.death_date

    union all

    select 'surgery', surgeries.surgery_key, surgeries.patient_key, surgeries.hip_key, surgeries.surgery_date,
        'implant_code_not_supplied', null
    from surgeries
    left join {{ ref('stg_supplied__implants') }} as implants
        on surgeries.implant_code = implants.implant_code
    where
        surgeries.implant_code is not null
        and implants.implant_code is null

    union all

    select 'surgery', surgeries.surgery_key, surgeries.patient_key, surgeries.hip_key, surgeries.surgery_date,
        'site_code_not_supplied', null
    from surgeries
    left join {{ ref('stg_supplied__sites') }} as sites
        on surgeries.site_code = sites.site_code
    where
        surgeries.site_code is not null
        and sites.site_code is null

    union all

    select 'death', deaths.patient_key, deaths.patient_key, null, deaths.death_date, 'patient_without_films', null
    from deaths
    left join {{ ref('dim_patient') }} as patients
        on deaths.patient_key = patients.patient_key
    where patients.patient_key is null

    union all

    select 'death', deaths.patient_key, deaths.patient_key, null, deaths.death_date, 'film_after_death',
        patients.last_film_date
    from deaths
    inner join {{ ref('dim_patient') }} as patients
        on deaths.patient_key = patients.patient_key
    where patients.last_film_date > deaths.death_date

)

select
    {{ hashed_key(['supplied_table', 'supplied_key', 'conflict']) }} as conflict_key,
    supplied_table,
    supplied_key,
    patient_key,
    hip_key,
    supplied_date,
    conflict,
    film_date
from conflicts
