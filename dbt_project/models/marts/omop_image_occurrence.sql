{{ config(materialized='view') }}

with series as (

    select
        patient_key,
        series_instance_uid,
        min(study_instance_uid) as study_instance_uid,
        min(modality) as modality,
        min(study_date) as study_date,
        count(*) as films
    from {{ ref('fct_radiograph') }}
    group by patient_key, series_instance_uid

)

select
    {{ hashed_key(['patient_key', 'series_instance_uid']) }} as image_occurrence_id,
    patient_key as person_id,
    patient_key,
    cast(null as bigint) as procedure_occurrence_id,
    cast(null as bigint) as visit_occurrence_id,
    cast(0 as bigint) as anatomic_site_concept_id,
    'hip' as anatomic_site_source_value,
    cast(null as varchar) as wadors_uri,
    cast(null as varchar) as local_path,
    study_date as image_occurrence_date,
    study_instance_uid as image_study_uid,
    series_instance_uid as image_series_uid,
    cast(0 as bigint) as modality_concept_id,
    modality as modality_source_value,
    films
from series
