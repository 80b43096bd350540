-- A film may have been read by several models; the latest reading is the current one.
select *
from {{ ref('stg_landing__inferences') }}
qualify row_number() over (
    partition by film_key
    order by inferred_at desc, model_version desc
) = 1
