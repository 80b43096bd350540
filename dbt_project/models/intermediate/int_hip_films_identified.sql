-- Which hip of which patient each film shows. A film of both sides belongs to two hips; a hip whose side is unknown
-- belongs to none. Of two boxes on the same side of one film the more certain one is the hip.
select
    {{ hashed_key(['films.patient_key', 'hips.side']) }} as hip_key,
    {{ hashed_key(['films.film_key', 'hips.side']) }} as hip_film_key,
    films.patient_key,
    films.patient_sex,
    films.film_key,
    films.model_version,
    films.study_date,
    films.acquired_at,
    films."view",
    films.view_category,
    hips.hip_index,
    hips.side,
    hips.has_implant,
    hips.hip_score,
    hips.implant_score,
    hips.has_cup
from {{ ref('int_films_registered') }} as films
inner join {{ ref('stg_landing__hips') }} as hips
    on
        films.film_key = hips.film_key
        and films.model_version = hips.model_version
where hips.side in ('left', 'right')
qualify row_number() over (
    partition by films.film_key, hips.side
    order by hips.hip_score desc, hips.hip_index
) = 1
