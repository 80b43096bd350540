{#- One clear line instead of a catalog error for every model. -#}
{% macro check_landing_exists() -%}
    {%- if execute and flags.WHICH in ("build", "run", "test") -%}
        {%- set landing = api.Relation.create(database=target.database, schema="landing", identifier="meta") -%}
        {%- if load_relation(landing) is none -%}
            {{ exceptions.raise_compiler_error(
                "there are no landing tables in this warehouse: run 'ingest run SOURCE' first, "
                ~ "or set INGEST_WAREHOUSE to the file it wrote"
            ) }}
        {%- endif -%}
    {%- endif -%}
{%- endmacro %}
