with source as (

    select * from {{ source('landing', 'inference') }}

),

renamed as (

    select
        film_key,
        model_version,
        preprocessing,
        "view",
        {{ view_category('"view"') }} as view_category,
        view_score,
        side,
        side_evidence,
        side_conflict,
        outlier_score,
        review as review_reasons,
        inferred_at
    from source

)

select * from renamed
