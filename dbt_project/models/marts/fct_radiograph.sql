{{ config(pre_hook="{{ forget_changed_patients() }}") }}

-- One pass over the films that the registry holds, with what the current model sees on them; a film has two boxes at
-- most. Lists become text before they are joined, because millions of them take memory.
with readings as (

    select
        film_key,
        model_version,
        preprocessing,
        "view",
        view_category,
        view_score,
        side,
        side_evidence,
        side_conflict,
        outlier_score,
        {{ array_length('review_reasons') }} > 0 as needs_review,
        nullif(array_to_string(review_reasons, ', '), '') as review_reasons,
        inferred_at
    from {{ ref('int_inferences_current') }}

),

films as (

    select
        films.film_key,
        films.file_key,
        films.patient_key,
        films.patient_sex,
        films.patient_age_years,
        films.study_instance_uid,
        films.series_instance_uid,
        films.sop_instance_uid,
        films.accession_key,
        films.study_date,
        films.acquired_at,
        coalesce(extract(year from films.study_date) < births.birth_year - 1, false) as dated_before_birth,
        films.modality,
        readings."view",
        readings.view_category,
        readings.view_score,
        readings.outlier_score,
        readings.side,
        readings.side_evidence,
        readings.side_conflict,
        case when first_box.film_key is not null then 1 else 0 end
        + case when second_box.film_key is not null then 1 else 0 end as hips,
        case when first_box.has_implant then 1 else 0 end
        + case when second_box.has_implant then 1 else 0 end as hips_with_implant,
        case when first_box.side = 'unknown' then 1 else 0 end
        + case when second_box.side = 'unknown' then 1 else 0 end as hips_of_unknown_side,
        films.side_tag,
        films.view_position_tag,
        films.body_part_tag,
        readings.needs_review,
        readings.review_reasons,
        films.height_px,
        films.width_px,
        films.spacing_mm,
        films.spacing_source,
        films.manufacturer,
        films.device_model,
        readings.model_version,
        readings.preprocessing,
        readings.inferred_at
    from {{ ref('stg_landing__films') }} as films
    inner join readings
        on films.film_key = readings.film_key
    left join {{ ref('int_patient_births') }} as births
        on films.patient_key = births.patient_key
    left join {{ ref('stg_landing__hips') }} as first_box
        on
            readings.film_key = first_box.film_key
            and readings.model_version = first_box.model_version
            and first_box.hip_index = 0
    left join {{ ref('stg_landing__hips') }} as second_box
        on
            readings.film_key = second_box.film_key
            and readings.model_version = second_box.model_version
            and second_box.hip_index = 1
    where
        films.film_key in (select film_key from {{ ref('fct_file_disposition') }} where disposition = 'registered')
        and {{ only_changed_patients('films.patient_key') }}

)

-- A tag that is missing disagrees with nothing.
select
    film_key,
    file_key,
    patient_key,
    patient_sex,
    patient_age_years,
    study_instance_uid,
    series_instance_uid,
    sop_instance_uid,
    accession_key,
    study_date,
    acquired_at,
    dated_before_birth,
    modality,
    "view",
    view_category,
    view_score,
    outlier_score,
    side,
    side_evidence,
    side_conflict,
    cast(hips as bigint) as hips,
    cast(hips_with_implant as bigint) as hips_with_implant,
    cast(hips_of_unknown_side as bigint) as hips_of_unknown_side,
    hips_with_implant > 0 as has_implant,
    side_tag,
    view_position_tag,
    body_part_tag,
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
    ) as body_part_tag_disagrees,
    needs_review,
    review_reasons,
    height_px,
    width_px,
    spacing_mm,
    spacing_source,
    manufacturer,
    device_model,
    model_version,
    preprocessing,
    inferred_at
from films
