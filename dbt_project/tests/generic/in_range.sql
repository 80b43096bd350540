{#- Values outside [min, max]; `nulls` says whether a missing value is one of them, so that it is said on purpose. -#}
{% test in_range(model, column_name, min, max, nulls) %}
{%- if nulls not in ("allowed", "forbidden") -%}
    {{ exceptions.raise_compiler_error("in_range: nulls must be 'allowed' or 'forbidden'") }}
{%- endif %}

select {{ column_name }} as value_out_of_range
from {{ model }}
where
    {{ column_name }} < {{ min }}
    or {{ column_name }} > {{ max }}
    {%- if nulls == "forbidden" %}
    or {{ column_name }} is null
    {%- endif %}

{% endtest %}
