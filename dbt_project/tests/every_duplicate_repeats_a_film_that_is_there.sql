-- Duplicates that name no film, or one that was never landed.
select files.file_key
from {{ ref('stg_landing__files') }} as files
left join {{ ref('stg_landing__films') }} as films
    on files.film_key = films.film_key
where
    files.disposition = 'duplicate'
    and films.film_key is null
