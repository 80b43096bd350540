with source as (

    select * from {{ source('landing', 'measurement') }}

),

renamed as (

    select
        film_key,
        model_version,
        hip_index,
        measure,
        value_deg,
        method,
        definition,
        reference,
        confidence,
        uncertainty_deg,
        accepted,
        why_not
    from source

)

select * from renamed
