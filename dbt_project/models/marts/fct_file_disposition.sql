{{ config(pre_hook="{{ forget_all_if_anything_new() }}") }}

with repeated as (

    select
        file_key,
        count(*) as attempts
    from {{ source('landing', 'file') }}
    group by file_key
    having count(*) > 1

),

-- Most readings give no reason, so few rows are joined. Only of a film that was registered or refused as no hip has the
-- file been read; within the join's condition this would compare every file with every film.
reasons as (

    select
        film_key,
        array_to_string(review_reasons, ', ') as review_reasons
    from {{ ref('int_inferences_current') }}
    where {{ array_length('review_reasons') }} > 0

),

files as (

    select
        *,
        case when disposition in ('registered', 'not_hip') then film_key end as read_film_key
    from {{ ref('stg_landing__files') }}

)

select
    files.file_key,
    files.run_id,
    files.film_key,
    files.sop_instance_uid,
    files.disposition,
    files.reason,
    files.detail,
    files.content_sha256,
    files.size_bytes,
    files.modified_at,
    files.finished_at,
    files.processing_seconds,
    coalesce(repeated.attempts, 1) as attempts,
    reasons.film_key is not null as needs_review,
    nullif(reasons.review_reasons, '') as review_reasons
from files
left join repeated
    on files.file_key = repeated.file_key
left join reasons
    on files.read_film_key = reasons.film_key
where {{ only_if_anything_new() }}
