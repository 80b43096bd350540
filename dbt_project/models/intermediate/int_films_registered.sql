-- The films that the registry holds, with what the current model sees on them.
select
    films.*,
    inferences.* exclude (film_key)
from {{ ref('stg_landing__files') }} as files
inner join {{ ref('stg_landing__films') }} as films
    on files.film_key = films.film_key
inner join {{ ref('int_inferences_current') }} as inferences
    on films.film_key = inferences.film_key
where files.disposition = 'registered'
