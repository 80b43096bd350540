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

{#- In an aggregation: a value of the row whose place is the highest, among the rows where the condition holds. -#}
{% macro value_at_latest(value, place, condition) -%}
    {{ return(adapter.dispatch("value_at_latest", "tha_registry")(value, place, condition)) }}
{%- endmacro %}

{% macro default__value_at_latest(value, place, condition) -%}
    (array_agg({{ value }} order by {{ place }} desc) filter (where {{ condition }}))[1]
{%- endmacro %}

{% macro duckdb__value_at_latest(value, place, condition) -%}
    arg_max({{ value }}, {{ place }}) filter (where {{ condition }})
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
