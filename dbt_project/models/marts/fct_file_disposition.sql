with attempts as (

    select
        file_key,
        count(*) as attempts
    from {{ source('landing', 'file') }}
    group by file_key

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
    attempts.attempts
from {{ ref('stg_landing__files') }} as files
inner join attempts
    on files.file_key = attempts.file_key
