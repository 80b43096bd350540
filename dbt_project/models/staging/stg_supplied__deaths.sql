with source as (

    select * from {{ source('supplied', 'death') }}

),

renamed as (

    select
        patient_key,
        death_date
    from source

)

select * from renamed
