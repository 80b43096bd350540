-- Every path that a run ever found is in the registry's ledger with one current disposition, and the curation table
-- adds up to the files found.
with counts as (

    select
        (select count(*) from {{ ref('fct_file_disposition') }}) as in_ledger,
        (select files from {{ ref('curation_summary') }} where section = 'total') as in_total,
        (
            select coalesce(sum(files), 0)
            from {{ ref('curation_summary') }}
            where section in ('excluded', 'film')
        ) as in_lines,
        (select count(distinct path) from {{ source('landing', 'file') }}) as paths_found,
        (select count(distinct path) from {{ source('landing', 'current_file') }}) as paths_counted

)

select *
from counts
where
    in_ledger <> in_total
    or in_lines <> in_total
    or paths_found <> paths_counted
