{#- The published study's four categories: the two laterals are one of them. -#}
{% macro view_category(view) -%}
    case
        when {{ view }} in ('cross_table_lateral', 'frog_leg_lateral') then 'lateral_hip'
        else {{ view }}
    end
{%- endmacro %}
