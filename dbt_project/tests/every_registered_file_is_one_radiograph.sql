-- Registered files without a film in fct_radiograph, and films in it without exactly one registered file.
with registered as (

    select
        film_key,
        count(*) as files
    from {{ ref('fct_file_disposition') }}
    where disposition = 'registered'
    group by film_key

)

select
    registered.film_key as registered_film,
    radiographs.film_key as radiograph,
    registered.files
from registered
full outer join {{ ref('fct_radiograph') }} as radiographs
    on registered.film_key = radiographs.film_key
where
    registered.film_key is null
    or radiographs.film_key is null
    or registered.files <> 1
