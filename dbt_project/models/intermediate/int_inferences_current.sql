{{ config(materialized='view') }}

-- A film may have been read by several models; the latest reading is the current one.
select
    inferences.film_key,
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
    inferences.inferred_at
from {{ ref('stg_landing__inferences') }} as inferences
where
    not exists (
        select 1
        from {{ ref('int_inferences_superseded') }} as superseded
        where
            superseded.film_key = inferences.film_key
            and superseded.model_version = inferences.model_version
    )
