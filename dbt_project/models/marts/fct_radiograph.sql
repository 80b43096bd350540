{{ config(pre_hook="{{ forget_changed_patients() }}") }}

with films as (

    select * from {{ ref('int_films_registered') }}
    where {{ only_changed_patients('patient_key') }}

),

hips as (

    select
        films.film_key,
        count(*) as hips,
        count(*) filter (where hips.has_implant) as hips_with_implant,
        count(*) filter (where hips.side = 'unknown') as hips_of_unknown_side
    from films
    inner join {{ ref('stg_landing__hips') }} as hips
        on
            films.film_key = hips.film_key
            and films.model_version = hips.model_version
    group by films.film_key

),

-- A tag that is missing disagrees with nothing.
compared as (

    select
        *,
        coalesce(side_tag <> side and side <> 'unknown', false) as side_tag_disagrees,
        coalesce(
            (upper(view_position_tag) in ('AP', 'PA') and view_category = 'lateral_hip')
            or (
                upper(view_position_tag) in ('LL', 'RL', 'LAT', 'LATERAL')
                and "view" in ('ap_pelvis', 'ap_hip')
            ),
            false
        ) as view_tag_disagrees,
        coalesce(
            not (
                lower(body_part_tag) like '%hip%'
                or lower(body_part_tag) like '%pelvi%'
                or lower(body_part_tag) like '%femur%'
                or lower(body_part_tag) like '%leg%'
                or lower(body_part_tag) like '%extremity%'
            ),
            false
        ) as body_part_tag_disagrees
    from films

)

select
    compared.film_key,
    compared.file_key,
    compared.patient_key,
    compared.patient_sex,
    compared.patient_age_years,
    compared.study_instance_uid,
    compared.series_instance_uid,
    compared.sop_instance_uid,
    compared.accession_key,
    compared.study_date,
    compared.acquired_at,
    compared.dated_before_birth,
    compared.modality,
    compared."view",
    compared.view_category,
    compared.view_score,
    compared.outlier_score,
    compared.side,
    compared.side_evidence,
    compared.side_conflict,
    cast(coalesce(hips.hips, 0) as bigint) as hips,
    cast(coalesce(hips.hips_with_implant, 0) as bigint) as hips_with_implant,
    cast(coalesce(hips.hips_of_unknown_side, 0) as bigint) as hips_of_unknown_side,
    coalesce(hips.hips_with_implant, 0) > 0 as has_implant,
    compared.side_tag,
    compared.view_position_tag,
    compared.body_part_tag,
    compared.side_tag_disagrees,
    compared.view_tag_disagrees,
    compared.body_part_tag_disagrees,
    {{ array_length('compared.review_reasons') }} > 0 as needs_review,
    nullif(array_to_string(compared.review_reasons, ', '), '') as review_reasons,
    compared.height_px,
    compared.width_px,
    compared.spacing_mm,
    compared.spacing_source,
    compared.manufacturer,
    compared.device_model,
    compared.model_version,
    compared.preprocessing,
    compared.inferred_at
from compared
left join hips
    on compared.film_key = hips.film_key
