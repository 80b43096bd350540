{#- Combinations of `columns` that several rows share. -#}
{% test unique_together(model, columns) %}

select
    {{ columns | join(", ") }},
    count(*) as times
from {{ model }}
group by {{ columns | join(", ") }}
having count(*) > 1

{% endtest %}
