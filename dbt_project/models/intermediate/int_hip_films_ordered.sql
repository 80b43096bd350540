{{ config(pre_hook="{{ forget_changed_patients() }}") }}

-- Films of one day follow each other by time where the header has one; without a date a film comes last. A dated film
-- that says otherwise than the films on both sides of it, which agree, is taken for misread.
with ordered as (

    select
        *,
        row_number() over (
            partition by hip_key
            order by study_date asc nulls last, acquired_at asc nulls last, film_key asc
        ) as film_number
    from {{ ref('int_hip_films_identified') }}
    where {{ only_changed_patients('patient_key') }}

),

with_neighbours as (

    select
        *,
        lag(has_implant) over (partition by hip_key order by film_number) as has_implant_before,
        case when lead(study_date) over (partition by hip_key order by film_number) is not null then
            lead(has_implant) over (partition by hip_key order by film_number)
        end as has_implant_after
    from ordered

)

select
    hip_key,
    hip_film_key,
    patient_key,
    film_key,
    model_version,
    study_date,
    acquired_at,
    "view",
    view_category,
    hip_index,
    side,
    has_implant,
    implant_score,
    has_cup,
    film_number,
    case
        when study_date is null or has_implant_before is null or has_implant_after is null then has_implant
        when has_implant_before = has_implant_after then has_implant_before
        else has_implant
    end as believed_implant
from with_neighbours
