{{ config(pre_hook="{{ forget_changed_patients() }}") }}

with films as (

    select * from {{ ref('fct_radiograph') }}
    where {{ only_changed_patients('patient_key') }}

),

features as (

    select
        film_key,
        'view' as feature,
        cast(null as varchar) as method,
        0 as hip_index,
        cast(null as varchar) as side,
        "view" as value_as_text,
        cast(null as double precision) as value_as_number,
        cast(null as varchar) as unit_source_value
    from films

    union all

    select
        hips.film_key,
        'implant',
        null,
        hips.hip_index,
        hips.side,
        case when hips.has_implant then 'implant' else 'native' end,
        null,
        null
    from films
    inner join {{ ref('stg_landing__hips') }} as hips
        on
            films.film_key = hips.film_key
            and films.model_version = hips.model_version

    union all

    select
        measurements.film_key,
        measurements.measure,
        measurements.method,
        measurements.hip_index,
        measurements.side,
        null,
        measurements.value_deg,
        'deg'
    from {{ ref('fct_cup_measurement') }} as measurements
    where
        measurements.accepted
        and {{ only_changed_patients('measurements.patient_key') }}

)

select
    {{ hashed_key(['features.film_key', 'features.hip_index', 'features.feature']) }} as image_feature_id,
    films.patient_key as person_id,
    films.patient_key,
    {{ hashed_key(['films.patient_key', 'films.series_instance_uid']) }} as image_occurrence_id,
    films.film_key,
    cast(0 as bigint) as image_feature_concept_id,
    features.feature as image_feature_source_value,
    cast(0 as bigint) as image_feature_type_concept_id,
    cast(0 as bigint) as image_finding_concept_id,
    cast(0 as bigint) as anatomic_site_concept_id,
    coalesce(features.side || ' hip', 'hip') as anatomic_site_source_value,
    features.method as method_source_value,
    features.value_as_text,
    features.value_as_number,
    features.unit_source_value,
    films.model_version as alg_system,
    films.inferred_at as alg_datetime
from features
inner join films
    on features.film_key = films.film_key
