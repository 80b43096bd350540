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
        {%- set version = ask("select schema_version from landing.meta")[0] -%}
        {%- if version != 3 -%}
            {{ exceptions.raise_compiler_error(
                "the landing tables of this warehouse have schema version " ~ version ~ " and not 3: "
                ~ "'ingest status' of the software that these models came with brings older ones up to date"
            ) }}
        {%- endif -%}
    {#- Looking for the table opened a transaction that nothing else would end. #}
        commit
    {%- endif -%}
{%- endmacro %}
