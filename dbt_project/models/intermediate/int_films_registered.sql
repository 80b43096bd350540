{{ config(pre_hook="{{ forget_changed_patients() }}") }}

-- The films that the registry holds, with what the current model sees on them. A year of birth that most films of a
-- patient agree on unmasks a film that is dated before it.
with films as (

    select
        films.film_key,
        films.file_key,
        films.patient_key,
        films.patient_sex,
        films.patient_age_years,
        films.study_date,
        films.acquired_at,
        films.sop_instance_uid,
        films.study_instance_uid,
        films.series_instance_uid,
        films.accession_key,
        films.modality,
        films.body_part_tag,
        films.view_position_tag,
        films.side_tag,
        films.manufacturer,
        films.device_model,
        films.height_px,
        films.width_px,
        films.spacing_mm,
        films.spacing_source,
        inferences.model_version,
        inferences.preprocessing,
        inferences."view",
        inferences.view_category,
        inferences.view_score,
        inferences.side,
        inferences.side_evidence,
        inferences.side_conflict,
        inferences.outlier_score,
        inferences.review_reasons,
        inferences.inferred_at,
        extract(year from films.study_date) - films.patient_age_years as birth_year
    from {{ ref('fct_file_disposition') }} as files
    inner join {{ ref('stg_landing__films') }} as films
        on files.film_key = films.film_key
    inner join {{ ref('int_inferences_current') }} as inferences
        on films.film_key = inferences.film_key
    where
        files.disposition = 'registered'
        and {{ only_changed_patients('films.patient_key') }}

),

births as (

    select
        patient_key,
        percentile_cont(0.5) within group (order by birth_year) as birth_year
    from films
    where birth_year is not null
    group by patient_key

)

select
    films.film_key,
    films.file_key,
    films.patient_key,
    films.patient_sex,
    films.patient_age_years,
    films.study_date,
    films.acquired_at,
    films.sop_instance_uid,
    films.study_instance_uid,
    films.series_instance_uid,
    films.accession_key,
    films.modality,
    films.body_part_tag,
    films.view_position_tag,
    films.side_tag,
    films.manufacturer,
    films.device_model,
    films.height_px,
    films.width_px,
    films.spacing_mm,
    films.spacing_source,
    films.model_version,
    films.preprocessing,
    films."view",
    films.view_category,
    films.view_score,
    films.side,
    films.side_evidence,
    films.side_conflict,
    films.outlier_score,
    films.review_reasons,
    films.inferred_at,
    cast(births.birth_year as double precision) as patient_birth_year,
    coalesce(extract(year from films.study_date) < births.birth_year - 1, false) as dated_before_birth
from films
left join births
    on films.patient_key = births.patient_key
