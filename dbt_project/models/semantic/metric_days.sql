{{ config(materialized='view', schema='intermediate') }}

-- Every day that a metric can be asked for; portable, and no table to keep.
{{ dbt.date_spine("day", "cast('1980-01-01' as date)", "cast('2060-01-01' as date)") }}
