{{ config(pre_hook="{{ forget_changed_patients() }}") }}

-- The last operation before each dated film, if any.
select
    films.hip_film_key,
    films.hip_key,
    films.patient_key,
    films.film_number,
    films.study_date,
    films.believed_implant,
    coalesce(max(events.event_number), 0) as event_number
from {{ ref('int_hip_films_ordered') }} as films
left join {{ ref('int_hip_events') }} as events
    on
        films.hip_key = events.hip_key
        and films.film_number >= events.first_film_number
where
    films.study_date is not null
    and {{ only_changed_patients('films.patient_key') }}
group by
    films.hip_film_key, films.hip_key, films.patient_key, films.film_number, films.study_date, films.believed_implant
