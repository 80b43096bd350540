{{ config(pre_hook="{{ forget_changed_patients() }}") }}

-- Undated films are of no operation, and of their hip all the same.
with films as (

    select
        hip_key,
        event_number,
        min(patient_key) as patient_key,
        min(side) as side,
        count(*) as films,
        min(study_date) as first_film_date,
        max(study_date) as last_film_date
    from {{ ref('int_hip_film_events') }}
    where {{ only_changed_patients('patient_key') }}
    group by hip_key, event_number

),

hips as (

    select distinct
        hip_key,
        patient_key,
        side
    from films

),

events as (

    select * from {{ ref('int_hip_events') }}
    where {{ only_changed_patients('patient_key') }}

),

eventful as (

    select distinct hip_key from events

),

-- Before the first operation, where a film shows it so; a hip without any operation is native.
native as (

    select
        hips.hip_key,
        hips.patient_key,
        hips.side,
        cast(0 as bigint) as episode_number,
        'native' as kind,
        'films' as evidence,
        cast(null as varchar) as surgery_key,
        cast(null as date) as surgery_date,
        cast(null as date) as after_date,
        cast(null as date) as by_date
    from hips
    left join films
        on
            hips.hip_key = films.hip_key
            and films.event_number = 0
    left join eventful
        on hips.hip_key = eventful.hip_key
    where
        films.hip_key is not null
        or eventful.hip_key is null

),

episodes as (

    select * from native

    union all

    select
        hip_key,
        patient_key,
        side,
        event_number as episode_number,
        kind,
        evidence,
        surgery_key,
        surgery_date,
        after_date,
        by_date
    from events

),

dated as (

    select
        episodes.*,
        case
            when surgery_date is not null then surgery_date
            when after_date is not null then {{ middle_of('after_date', 'by_date') }}
        end as start_date,
        case
            when surgery_date is not null then 'supplied'
            when after_date is not null then 'between_films'
            when by_date is not null then 'before_first_film'
            else 'unknown'
        end as start_source
    from episodes

),

followed as (

    select
        *,
        lead(coalesce(start_date, by_date)) over (partition by hip_key order by episode_number) as end_date,
        lead(kind) over (partition by hip_key order by episode_number) as next_kind
    from dated

)

select
    {{ hashed_key(['followed.hip_key', 'followed.kind', 'followed.evidence', 'followed.surgery_key',
                   'followed.episode_number']) }} as episode_key,
    followed.hip_key,
    followed.patient_key,
    followed.side,
    followed.episode_number,
    followed.kind,
    followed.evidence,
    followed.evidence not in ('supplied', 'films') as is_inferred,
    followed.surgery_date,
    followed.after_date,
    followed.by_date,
    followed.start_date,
    case when followed.kind <> 'native' then followed.start_source end as start_source,
    {{ days_between('coalesce(followed.surgery_date, followed.after_date)', 'coalesce(followed.surgery_date, followed.by_date)') }}
        as start_interval_days,
    followed.end_date,
    followed.next_kind is null as is_current,
    coalesce(films.films, 0) as films,
    films.first_film_date,
    films.last_film_date,
    case when followed.kind <> 'native' then coalesce(surgeries.cause, 'not supplied') end as cause,
    case when followed.kind <> 'native' then coalesce(surgeries.site_code, 'not supplied') end as site_code,
    case when followed.kind <> 'native' then coalesce(surgeries.surgeon_code, 'not supplied') end as surgeon_code,
    case when followed.kind <> 'native' then coalesce(surgeries.implant_code, 'not supplied') end as implant_code,
    followed.surgery_key
from followed
left join films
    on
        followed.hip_key = films.hip_key
        and followed.episode_number = films.event_number
left join {{ ref('stg_supplied__surgeries') }} as surgeries
    on followed.surgery_key = surgeries.surgery_key
