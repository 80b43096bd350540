with source as (

    select * from {{ source('landing', 'film') }}

),

renamed as (

    select
        film_key,
        file_key,
        patient_key,
        patient_sex,
        patient_age_years,
        study_date,
        acquired_at,
        sop_instance_uid,
        study_instance_uid,
        series_instance_uid,
        accession_key,
        modality,
        body_part_tag,
        view_position_tag,
        case laterality_tag
            when 'L' then 'left'
            when 'R' then 'right'
            when 'B' then 'both'
        end as side_tag,
        manufacturer,
        device_model,
        rows as height_px,
        columns as width_px,
        spacing_mm,
        spacing_source
    from source

)

select * from renamed
