{{ config(pre_hook="{{ forget_changed_patients() }}") }}

-- Films of one day follow each other by time where the header has one; without a date a film comes last. A dated film
-- that says otherwise than the films on both sides of it, which agree, is taken for misread. Keys are hashed last, for
-- millions of rows are sorted without them.
with with_neighbours as (

    select
        *,
        row_number() over this_hip as film_number,
        lag(has_implant) over this_hip as has_implant_before,
        case when lead(study_date) over this_hip is not null then
            lead(has_implant) over this_hip
        end as has_implant_after
    from {{ ref('int_hip_films_identified') }}
    where {{ only_changed_patients('patient_key') }}
    window this_hip as (
        partition by patient_key, side
        order by study_date asc nulls last, acquired_at asc nulls last, film_key asc
    )

)

select
    {{ hashed_key(['patient_key', 'side']) }} as hip_key,
    {{ hashed_key(['film_key', 'side']) }} as hip_film_key,
    patient_key,
    film_key,
    model_version,
    study_date,
    acquired_at,
    "view",
    {{ view_category('"view"') }} as view_category,
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
