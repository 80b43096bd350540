{#- What two angles of a cup must differ by to be called different: the minimal detectable change, or what the two state
    about themselves where that is more. NULL without a measured error. -#}
{% macro least_change(mdc_deg, uncertainty_deg, other_uncertainty_deg) -%}
    case
        when {{ mdc_deg }} is not null
            then greatest(
                {{ mdc_deg }},
                coalesce(
                    sqrt(
                        {{ uncertainty_deg }} * {{ uncertainty_deg }}
                        + {{ other_uncertainty_deg }} * {{ other_uncertainty_deg }}
                    ),
                    0
                )
            )
    end
{%- endmacro %}
