with source as (

    select * from {{ source('supplied', 'surgery') }}

),

renamed as (

    select
        surgery_key,
        {{ hashed_key(['patient_key', 'side']) }} as hip_key,
        patient_key,
        side,
        surgery_date,
        kind,
        cause,
        site_code,
        surgeon_code,
        implant_code
    from source

)

select * from renamed
