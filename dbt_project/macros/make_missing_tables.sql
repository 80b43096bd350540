{#- The tables that a build needs to find: its own ledger, and what a hospital may supply (docs/supplied.md).
    warehouse/supplied.py has the same columns; a test compares them. -#}
{% macro make_missing_tables() %}
{%- if flags.WHICH in ("build", "run", "test") %}
begin;
create schema if not exists intermediate;
create table if not exists intermediate.batch_built (batch_id varchar not null primary key);
create table if not exists intermediate.made_with (fingerprint varchar not null);
create schema if not exists supplied;
create table if not exists supplied.load (
    load_id varchar not null primary key,
    loaded_at timestamp not null
);
create table if not exists supplied.surgery (
    surgery_key varchar not null primary key,
    patient_key varchar not null,
    side varchar not null,
    surgery_date date not null,
    kind varchar not null,
    cause varchar,
    site_code varchar,
    surgeon_code varchar,
    implant_code varchar
);
create table if not exists supplied.death (
    patient_key varchar not null primary key,
    death_date date not null
);
create table if not exists supplied.implant (
    implant_code varchar not null primary key,
    manufacturer varchar,
    implant_name varchar,
    fixation varchar
);
create table if not exists supplied.site (
    site_code varchar not null primary key,
    site_name varchar
);
commit
{%- endif %}
{% endmacro %}
