with source as (

    select * from {{ source('supplied', 'implant') }}

),

renamed as (

    select
        implant_code,
        manufacturer,
        implant_name,
        fixation
    from source

)

select * from renamed
