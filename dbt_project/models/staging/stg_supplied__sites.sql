with source as (

    select * from {{ source('supplied', 'site') }}

),

renamed as (

    select
        site_code,
        site_name
    from source

)

select * from renamed
