{{ config(pre_hook="{{ forget_all_if_anything_new() }}") }}

with attempts as (

    select
        file_key,
        count(*) as attempts
    from {{ source('landing', 'file') }}
    group by file_key

),

-- Only of these has the film been read. Within the join's condition this would compare every file with every film.
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
    attempts.attempts,
    coalesce({{ array_length('readings.review_reasons') }} > 0, false) as needs_review,
    nullif(array_to_string(readings.review_reasons, ', '), '') as review_reasons
from files
inner join attempts
    on files.file_key = attempts.file_key
left join {{ ref('int_inferences_current') }} as readings
    on files.read_film_key = readings.film_key
where {{ only_if_anything_new() }}
