{{ config(pre_hook="{{ forget_changed_patients() }}") }}

-- What films give away about operations: an implant that appears, an implant that is gone on two films, a cup where
-- films showed an implant without one, a cup that lies elsewhere.
with films as (

    select
        *,
        lag(believed_implant) over this_hip as implant_before,
        lag(study_date) over this_hip as date_before,
        lead(believed_implant or has_implant) over this_hip as implant_after
    from {{ ref('int_hip_films_ordered') }}
    where
        study_date is not null
        and {{ only_changed_patients('patient_key') }}
    window this_hip as (partition by hip_key order by film_number)

),

appearances as (

    select
        hip_key,
        patient_key,
        side,
        'implant_appeared' as evidence,
        date_before as after_date,
        study_date as by_date,
        film_number as first_film_number
    from films
    where
        believed_implant
        and not coalesce(implant_before, false)

),

disappearances as (

    select
        hip_key,
        patient_key,
        side,
        'implant_gone' as evidence,
        date_before as after_date,
        study_date as by_date,
        film_number as first_film_number
    from films
    where
        not (believed_implant or has_implant)
        and implant_before
        and not implant_after

),

-- Within one stretch of films with an implant: all films without a cup come first, at least two of each kind.
stretches as (

    select
        *,
        sum(case when believed_implant and not coalesce(implant_before, false) then 1 else 0 end) over (
            partition by hip_key order by film_number rows between unbounded preceding and current row
        ) as stretch
    from films

),

stretch_cups as (

    select
        hip_key,
        stretch,
        min(patient_key) as patient_key,
        min(side) as side,
        max(film_number) filter (where not has_cup) as last_without,
        min(film_number) filter (where has_cup) as first_with,
        max(study_date) filter (where not has_cup) as last_date_without,
        min(study_date) filter (where has_cup) as first_date_with
    from stretches
    where believed_implant
    group by hip_key, stretch
    having
        count(*) filter (where has_cup) >= 2
        and count(*) filter (where not has_cup) >= 2

),

cup_appearances as (

    select
        hip_key,
        patient_key,
        side,
        'cup_appeared' as evidence,
        last_date_without as after_date,
        first_date_with as by_date,
        first_with as first_film_number
    from stretch_cups
    where last_without < first_with

),

-- Jumps of several angles over the same time are one event, narrowed to the time that they share.
jump_islands as (

    select
        jumps.*,
        case when film_before < max(film_number) over (
            partition by hip_key order by film_before, film_number rows between unbounded preceding and 1 preceding
        ) then 0 else 1 end as is_new
    from {{ ref('int_cup_jumps') }} as jumps
    where {{ only_changed_patients('patient_key') }}

),

numbered_islands as (

    select
        *,
        sum(is_new) over (
            partition by hip_key order by film_before, film_number rows between unbounded preceding and current row
        ) as island
    from jump_islands

),

-- Of films with an implant that a jump is between, none is without it: else the implant went and came again.
jumps as (

    select
        hip_key,
        min(patient_key) as patient_key,
        case when max(film_before) < min(film_number) then max(date_before) else min(date_before) end as after_date,
        case when max(film_before) < min(film_number) then min(study_date) else max(study_date) end as by_date,
        case when max(film_before) < min(film_number) then max(film_before) else min(film_before) end as film_before,
        case when max(film_before) < min(film_number) then min(film_number) else max(film_number) end as film_number
    from numbered_islands
    group by hip_key, island

),

-- The new cup is on the first film after the time that the jump leaves open: earlier films there may show either.
cup_moves as (

    select
        jumps.hip_key,
        jumps.patient_key,
        min(films.side) as side,
        'cup_moved_at_once' as evidence,
        jumps.after_date,
        jumps.by_date,
        jumps.film_number as first_film_number
    from jumps
    inner join films
        on
            jumps.hip_key = films.hip_key
            and films.film_number between jumps.film_before and jumps.film_number
    group by jumps.hip_key, jumps.patient_key, jumps.after_date, jumps.by_date, jumps.film_number
    having count(*) filter (where not films.believed_implant) = 0

),

-- A hip without a single dated film.
undated as (

    select
        hip_key,
        min(patient_key) as patient_key,
        min(side) as side,
        'implant_on_undated_film' as evidence,
        cast(null as date) as after_date,
        cast(null as date) as by_date,
        cast(null as bigint) as first_film_number
    from {{ ref('int_hip_films_ordered') }}
    where {{ only_changed_patients('patient_key') }}
    group by hip_key
    having
        count(study_date) = 0
        and count(*) filter (where has_implant) > 0

),

events as (

    select * from appearances
    union all
    select * from disappearances
    union all
    select * from cup_appearances
    union all
    select * from cup_moves
    union all
    select * from undated

)

select
    {{ hashed_key(['hip_key', 'evidence', 'first_film_number']) }} as event_key,
    hip_key,
    patient_key,
    side,
    evidence,
    after_date,
    by_date,
    first_film_number
from events
