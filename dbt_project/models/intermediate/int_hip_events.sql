{{ config(pre_hook="{{ forget_changed_patients() }}") }}

-- Operations: the supplied ones, and what the films give away that no supplied operation explains. An operation
-- explains what films show if its date lies in the time that they leave open; a supplied primary explains the first
-- appearance of the implant in any case, also where its date contradicts the films (supplied_conflict says so).
-- Two supplied operations on one hip and day are one.
with numbered_surgeries as (

    select
        surgeries.*,
        row_number() over (
            partition by surgeries.hip_key, surgeries.surgery_date order by surgeries.surgery_key
        ) as of_the_day
    from {{ ref('stg_supplied__surgeries') }} as surgeries
    where {{ only_changed_patients('surgeries.patient_key') }}

),

-- Of hips that no film shows nothing is told.
supplied as (

    select
        surgeries.hip_key,
        surgeries.patient_key,
        surgeries.side,
        surgeries.surgery_key,
        surgeries.kind,
        surgeries.surgery_date,
        min(films.film_number) filter (
            where films.study_date > surgeries.surgery_date
            or (films.study_date = surgeries.surgery_date and films.believed_implant)
        ) as first_film_number
    from numbered_surgeries as surgeries
    inner join {{ ref('int_hip_films_ordered') }} as films
        on surgeries.hip_key = films.hip_key
    where surgeries.of_the_day = 1
    group by
        surgeries.hip_key, surgeries.patient_key, surgeries.side, surgeries.surgery_key, surgeries.kind,
        surgeries.surgery_date

),

seen as (

    select
        events.*,
        min(events.first_film_number) over (partition by events.hip_key) as hips_first_event
    from {{ ref('int_hip_events_seen') }} as events
    where {{ only_changed_patients('events.patient_key') }}

),

-- An inner join, because DuckDB compares all with all where such a condition stands in an outer one.
explained as (

    select distinct seen.event_key
    from seen
    inner join supplied
        on seen.hip_key = supplied.hip_key
    where
        (
            supplied.surgery_date <= seen.by_date
            and (seen.after_date is null or supplied.surgery_date >= seen.after_date)
        )
        or (
            supplied.kind = 'primary'
            and seen.evidence in ('implant_appeared', 'implant_on_undated_film')
            and (seen.first_film_number = seen.hips_first_event or seen.first_film_number is null)
        )

),

unexplained as (

    select seen.*
    from seen
    left join explained
        on seen.event_key = explained.event_key
    where explained.event_key is null

),

events as (

    select
        hip_key,
        patient_key,
        side,
        'supplied' as evidence,
        surgery_key,
        kind as supplied_kind,
        surgery_date,
        cast(null as date) as after_date,
        surgery_date as by_date,
        first_film_number
    from supplied

    union all

    select
        hip_key,
        patient_key,
        side,
        evidence,
        null as surgery_key,
        null as supplied_kind,
        null as surgery_date,
        after_date,
        by_date,
        first_film_number
    from unexplained

),

numbered as (

    select
        *,
        row_number() over (
            partition by hip_key
            order by by_date asc nulls last, first_film_number asc nulls last, evidence asc, surgery_key asc
        ) as event_number
    from events

),

-- Of two operations the later one counts, so an operation's films end where any later one's begin. Of an operation
-- that none follows they do not end: a number and not NULL, because joins compare it.
ranged as (

    select
        *,
        coalesce(
            min(first_film_number) over (
                partition by hip_key order by event_number rows between 1 following and unbounded following
            ) - 1,
            2147483647
        ) as last_film_number
    from numbered

)

-- What films give away first is the primary, unless the implant was there before: then it is known to be no more than
-- an operation on it.
select
    {{ hashed_key(['hip_key', 'coalesce(surgery_key, evidence)', 'first_film_number', 'by_date']) }} as event_key,
    hip_key,
    patient_key,
    side,
    event_number,
    coalesce(
        supplied_kind,
        case
            when evidence in ('implant_appeared', 'implant_on_undated_film') and event_number = 1 then 'primary'
            else 'revision'
        end
    ) as kind,
    evidence,
    surgery_key,
    surgery_date,
    after_date,
    by_date,
    first_film_number,
    last_film_number
from ranged
