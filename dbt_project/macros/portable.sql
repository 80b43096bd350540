{#- What databases spell differently, each in one place. -#}
{% macro array_length(column) -%}
    {{ return(adapter.dispatch("array_length", "tha_registry")(column)) }}
{%- endmacro %}

{% macro default__array_length(column) -%}
    cardinality({{ column }})
{%- endmacro %}

{% macro duckdb__array_length(column) -%}
    len({{ column }})
{%- endmacro %}

{#- Whole days from one date to another; both may be NULL. -#}
{% macro days_between(earlier, later) -%}
    cast({{ dbt.datediff(earlier, later, "day") }} as bigint)
{%- endmacro %}

{% macro days_after(day, days) -%}
    cast({{ dbt.dateadd("day", days, day) }} as date)
{%- endmacro %}

{#- The date in the middle of two; the earlier one where they are a day apart. -#}
{% macro middle_of(earlier, later) -%}
    {{ days_after(earlier, "cast(floor(" ~ days_between(earlier, later) ~ " / 2.0) as integer)") }}
{%- endmacro %}

{#- The first day of a date's month. -#}
{% macro month_of(day) -%}
    cast({{ dbt.date_trunc("month", day) }} as date)
{%- endmacro %}

{#- A share; NULL where there is nothing to share. -#}
{% macro share(part, whole) -%}
    cast({{ part }} as double precision) / nullif({{ whole }}, 0)
{%- endmacro %}
