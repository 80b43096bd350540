{#- A key from the parts that identify a row; the separator cannot stand in a hash, a side or a model version. -#}
{% macro hashed_key(columns) -%}
    md5(concat_ws('|', {% for column in columns %}cast({{ column }} as varchar){{ ", " if not loop.last }}{% endfor %}))
{%- endmacro %}
