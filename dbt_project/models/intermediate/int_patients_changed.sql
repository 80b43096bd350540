{{ config(materialized='table') }}

-- Everybody whose films a pending batch's run read or read again. A new load of supplied rows may concern anybody.
{% if built_before() -%}
with runs as (

    select distinct run_id
    from {{ ref('int_batches_pending') }}
    where kind = 'films'

),

changed_films as (

    select film_key from {{ source('landing', 'film') }} where run_id in (select run_id from runs)
    union
    select film_key from {{ source('landing', 'inference') }} where run_id in (select run_id from runs)
    union
    select film_key
    from {{ source('landing', 'file') }}
    where
        run_id in (select run_id from runs)
        and film_key is not null

)

select distinct films.patient_key
from {{ source('landing', 'film') }} as films
where
    films.film_key in (select film_key from changed_films)
    or exists (select 1 from {{ ref('int_batches_pending') }} where kind = 'supplied')
{%- else -%}
-- Nothing was ever built: it is everybody, and no film has to be looked for.
select distinct patient_key from {{ source('landing', 'film') }}
{%- endif %}
