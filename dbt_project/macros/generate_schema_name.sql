{#- Schemas are called exactly staging, intermediate and registry, whatever the target's own schema. -#}
{% macro generate_schema_name(custom_schema_name, node) -%}
    {{ (custom_schema_name or target.schema) | trim }}
{%- endmacro %}
