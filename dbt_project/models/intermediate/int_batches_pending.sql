{{ config(materialized='table') }}

-- What landed, or was supplied, since everything was built last. The ledger says it, not a time: a batch that lands
-- late counts like any other.
with ledger as (

    select
        batch_id,
        run_id,
        'films' as kind
    from {{ source('landing', 'batch') }}

    union all

    select
        load_id as batch_id,
        null as run_id,
        'supplied' as kind
    from {{ source('supplied', 'load') }}

)

select
    ledger.batch_id,
    ledger.run_id,
    ledger.kind
from ledger
left join {{ intermediate_table('batch_built') }} as built
    on ledger.batch_id = built.batch_id
where built.batch_id is null
