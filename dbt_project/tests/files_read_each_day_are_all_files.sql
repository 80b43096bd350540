-- The days' files, in each of their dispositions, do not sum to the ledger's.
with days as (

    select
        coalesce(sum(files), 0) as files,
        coalesce(sum(registered + not_hip + screened_out + undecodable + duplicates + failed), 0) as by_disposition
    from {{ ref('data_quality_daily') }}

),

ledger as (

    select count(*) as files from {{ ref('fct_file_disposition') }}

)

select
    days.files,
    days.by_disposition,
    ledger.files as in_ledger
from days
cross join ledger
where
    days.files <> ledger.files
    or days.by_disposition <> ledger.files
