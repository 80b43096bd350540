{#- The first column of a query's answer, in a hook: outside of a transaction, which a hook would not commit. -#}
{% macro ask(query) -%}
    {%- call statement("asked", fetch_result=true, auto_begin=false) -%}
        {{ query }}
    {%- endcall -%}
    {{ return(load_result("asked").table.columns[0].values() | list) }}
{%- endmacro %}
