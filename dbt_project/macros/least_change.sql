{#- Half-width of the 95 % interval of a difference of two angles, from what each states, taken as independent. -#}
{% macro interval_of_difference(uncertainty_deg, other_uncertainty_deg) -%}
    sqrt({{ uncertainty_deg }} * {{ uncertainty_deg }} + {{ other_uncertainty_deg }} * {{ other_uncertainty_deg }})
{%- endmacro %}

{#- What two angles of a cup must differ by to be called different, degrees: the minimal detectable change, or the
    interval of their difference where that is more. NULL without a measured error. -#}
{% macro least_change(mdc_deg, uncertainty_deg, other_uncertainty_deg) -%}
    case
        when {{ mdc_deg }} is not null
            then greatest(
                {{ mdc_deg }}, coalesce({{ interval_of_difference(uncertainty_deg, other_uncertainty_deg) }}, 0)
            )
    end
{%- endmacro %}
