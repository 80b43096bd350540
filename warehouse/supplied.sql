-- What a hospital may add to its films, as `ingest supply` loads it; dbt makes the same tables, empty, where they are
-- missing (macros/make_missing_tables.sql; a test compares both). Each load replaces all four tables.

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
