{#- How a build takes only what the ledger of batches says is new.

    The unit is the patient: every row of a model that is about a patient depends on that patient's films alone. A batch
    that is not marked as built makes the patients of its runs changed ones (int_patients_changed); their rows are
    deleted and made again, in the transaction of the model. A batch is marked when everything was built from it
    (mark_batches_built). So a batch that lands late, out of order, or beside a failed build is never missed. -#}

{#- Whether there is a table to add to; a unit test has none, not even a name. -#}
{% macro adds_to_table() -%}
    {{ return(this is not none and is_incremental()) }}
{%- endmacro %}

{#- Whether anything was ever built; to a unit test, it was. -#}
{% macro built_before() -%}
    {%- if not execute or this is none -%}
        {{ return(true) }}
    {%- endif -%}
    {%- set ledger = load_relation(intermediate_table("batch_built")) -%}
    {{ return(ledger is not none and run_query("select count(*) from " ~ ledger).columns[0].values()[0] > 0) }}
{%- endmacro %}

{#- For the where clause of the first place where a model meets patients. A condition that is plainly false lets the
    database answer without reading the tables. -#}
{% macro only_changed_patients(column) -%}
    {%- if not adds_to_table() -%}
        true
    {%- elif anything_new() -%}
        {{ column }} in (select patient_key from {{ intermediate_table("int_patients_changed") }})
    {%- else -%}
        false
    {%- endif -%}
{%- endmacro %}

{#- The pre-hook that goes with it. -#}
{% macro forget_changed_patients() -%}
    {%- if execute and adds_to_table() and anything_new() -%}
        delete from {{ this }}
        where patient_key in (select patient_key from {{ intermediate_table("int_patients_changed") }})
    {%- endif -%}
{%- endmacro %}

{#- For models about everybody: made again as a whole where anything is new, else left alone. -#}
{% macro anything_new() -%}
    {%- if not adds_to_table() -%}
        {{ return(true) }}
    {%- endif -%}
    {%- set pending = "select count(*) from " ~ intermediate_table("int_batches_pending") -%}
    {{ return(run_query(pending).columns[0].values()[0] > 0) }}
{%- endmacro %}

{% macro only_if_anything_new() -%}
    {{ "true" if anything_new() else "false" }}
{%- endmacro %}

{% macro forget_all_if_anything_new() -%}
    {%- if execute and adds_to_table() and anything_new() -%}
        delete from {{ this }}
    {%- endif -%}
{%- endmacro %}

{#- Named without ref(), because a model whose rows are filtered by it is downstream of it anyway. -#}
{% macro intermediate_table(name) -%}
    {{ return(api.Relation.create(database=target.database, schema="intermediate", identifier=name)) }}
{%- endmacro %}

{#- Of everything that a table is made with: models, seeds and settings. Another one means: from nothing. -#}
{% macro project_fingerprint() -%}
    {%- set parts = [tojson(var("registry_settings"), sort_keys=true)] -%}
    {%- for node in graph.nodes.values() if node.resource_type in ("model", "seed") -%}
        {%- do parts.append(node.unique_id ~ node.checksum.checksum) -%}
    {%- endfor -%}
    {{ return(local_md5(parts | sort | join("|"))) }}
{%- endmacro %}

{#- What lies in the schema intermediate and is of no model any more, as the rest of a statement that drops it. -#}
{% macro former_relations() -%}
    {%- set known = ["made_with", "batch_built"] -%}
    {%- for node in graph.nodes.values() if node.resource_type in ("model", "seed") -%}
        {%- do known.append(node.alias) -%}
    {%- endfor -%}
    {{ return(ask(
        "select case table_type when 'VIEW' then 'view' else 'table' end || ' if exists intermediate.' || table_name "
        ~ "from information_schema.tables where table_schema = 'intermediate' and table_name not in ('"
        ~ known | join("', '") ~ "')"
    )) }}
{%- endmacro %}

{#- Tables that other code or other settings made are dropped, so that they are made from nothing. Views go with them:
    PostgreSQL keeps no table from under a view. -#}
{% macro start_over_if_project_changed() -%}
    {%- if execute and flags.WHICH in ("build", "run") and not invocation_args_dict.get("select") -%}
        {%- set made_with = ask("select fingerprint from " ~ intermediate_table("made_with")) -%}
        {%- if made_with != [project_fingerprint()] -%}
            {%- set former = former_relations() -%}
            begin;
            {% for node in graph.nodes.values() if node.resource_type == "model" -%}
                {%- set relation = adapter.get_relation(node.database, node.schema, node.alias) -%}
                {%- if relation is not none -%}
                    {%- do adapter.cache_dropped(relation) -%}
                    drop {{ relation.type }} if exists {{ relation }} cascade;
                {%- endif %}
            {% endfor -%}
            {% for relation in former -%}
                drop {{ relation }} cascade;
            {% endfor -%}
            delete from {{ intermediate_table("batch_built") }};
            delete from {{ intermediate_table("made_with") }};
            insert into {{ intermediate_table("made_with") }} values ('{{ project_fingerprint() }}');
            commit
        {%- endif -%}
    {%- endif -%}
{%- endmacro %}

{#- At the end: only where every incremental model was built, and nothing failed. -#}
{% macro mark_batches_built(results) -%}
    {%- if execute and flags.WHICH in ("build", "run") -%}
        {%- set built = [] -%}
        {%- set failed = [] -%}
        {%- for result in results if result.node.resource_type == "model" -%}
            {%- if result.status == "success" -%}
                {%- do built.append(result.node.unique_id) -%}
            {%- else -%}
                {%- do failed.append(result.node.unique_id) -%}
            {%- endif -%}
        {%- endfor -%}
        {%- set missing = [] -%}
        {%- for node in graph.nodes.values() if node.resource_type == "model" and node.unique_id not in built -%}
            {%- do missing.append(node.unique_id) -%}
        {%- endfor -%}
        {%- if not failed and not missing -%}
            begin;
            insert into {{ intermediate_table("batch_built") }}
            select pending.batch_id
            from {{ intermediate_table("int_batches_pending") }} as pending
            where pending.batch_id not in (select batch_id from {{ intermediate_table("batch_built") }});
            commit
        {%- endif -%}
    {%- endif -%}
{%- endmacro %}
