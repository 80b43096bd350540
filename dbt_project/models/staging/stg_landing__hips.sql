with source as (

    select * from {{ source('landing', 'hip') }}

),

renamed as (

    select
        film_key,
        model_version,
        hip_index,
        side,
        implant as has_implant,
        score as hip_score,
        implant_score,
        has_cup,
        cup_score
    from source

)

select * from renamed
