with source as (

    select * from {{ source('landing', 'current_file') }}

),

renamed as (

    select
        file_key,
        run_id,
        film_key,
        sop_instance_uid,
        disposition,
        reason,
        detail,
        content_sha256,
        size_bytes,
        modified_at,
        finished_at,
        seconds as processing_seconds
    from source

)

select * from renamed
