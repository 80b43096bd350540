{{ config(materialized='view') }}

-- A view, because who loads a CDM reads it once and everything in it is in other marts. Each part brings all that its
-- rows need: joining films to the features of all of them would hold all films in memory.
with features as (

    select
        film_key,
        patient_key,
        series_instance_uid,
        model_version,
        inferred_at,
        'view' as feature,
        cast(null as varchar) as method,
        0 as hip_index,
        cast(null as varchar) as side,
        "view" as value_as_text,
        cast(null as double precision) as value_as_number,
        cast(null as varchar) as unit_source_value
    from {{ ref('fct_radiograph') }}

    union all

    select
        films.film_key,
        films.patient_key,
        films.series_instance_uid,
        films.model_version,
        films.inferred_at,
        'implant',
        null,
        hips.hip_index,
        hips.side,
        case when hips.has_implant then 'implant' else 'native' end,
        null,
        null
    from {{ ref('fct_radiograph') }} as films
    inner join {{ ref('stg_landing__hips') }} as hips
        on
            films.film_key = hips.film_key
            and films.model_version = hips.model_version

    union all

    select
        films.film_key,
        films.patient_key,
        films.series_instance_uid,
        films.model_version,
        films.inferred_at,
        measurements.measure,
        measurements.method,
        measurements.hip_index,
        measurements.side,
        null,
        measurements.value_deg,
        'deg'
    from {{ ref('fct_radiograph') }} as films
    inner join {{ ref('fct_cup_measurement') }} as measurements
        on films.film_key = measurements.film_key
    where measurements.accepted

)

select
    {{ hashed_key(['film_key', 'hip_index', 'feature']) }} as image_feature_id,
    patient_key as person_id,
    patient_key,
    {{ hashed_key(['patient_key', 'series_instance_uid']) }} as image_occurrence_id,
    film_key,
    cast(0 as bigint) as image_feature_concept_id,
    feature as image_feature_source_value,
    cast(0 as bigint) as image_feature_type_concept_id,
    cast(0 as bigint) as image_finding_concept_id,
    cast(0 as bigint) as anatomic_site_concept_id,
    coalesce(side || ' hip', 'hip') as anatomic_site_source_value,
    method as method_source_value,
    value_as_text,
    value_as_number,
    unit_source_value,
    model_version as alg_system,
    inferred_at as alg_datetime
from features
