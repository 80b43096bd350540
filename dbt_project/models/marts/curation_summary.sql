{{ config(pre_hook="{{ forget_all_if_anything_new() }}") }}

with files as (

    select count(*) as found from {{ ref('fct_file_disposition') }}

),

excluded as (

    select
        'excluded' as section,
        disposition,
        reason as label,
        count(*) as files
    from {{ ref('fct_file_disposition') }}
    where disposition <> 'registered'
    group by disposition, reason

),

-- Every category has its line, also when no film is of it.
categories as (

    select 'ap_pelvis' as view_category
    union all
    select 'ap_hip'
    union all
    select 'lateral_hip'
    union all
    select 'oblique_hip'
    union all
    select 'other'

),

registered as (

    select
        'film' as section,
        'registered' as disposition,
        categories.view_category as label,
        count(radiographs.film_key) as files
    from categories
    left join {{ ref('fct_radiograph') }} as radiographs
        on categories.view_category = radiographs.view_category
    group by categories.view_category
    having categories.view_category <> 'other' or count(radiographs.film_key) > 0

),

-- Counted among the films above already, so not part of the sum.
marked as (

    select
        count(*) filter (where has_implant) as implant,
        count(*) filter (where needs_review) as needs_review,
        count(*) filter (where side_conflict) as side_conflict,
        count(*) filter (where hips_of_unknown_side > 0) as hip_of_unknown_side,
        count(*) filter (where dated_before_birth) as dated_before_birth
    from {{ ref('fct_radiograph') }}

),

asides as (

    select 'aside' as section, 'registered' as disposition, 'implant' as label, implant as files from marked
    union all
    select 'aside', 'registered', 'needs_review', needs_review from marked
    union all
    select 'aside', 'registered', 'side_conflict', side_conflict from marked
    union all
    select 'aside', 'registered', 'hip_of_unknown_side', hip_of_unknown_side from marked
    union all
    select 'aside', 'registered', 'dated_before_birth', dated_before_birth from marked

),

-- Counted among the exclusions above already.
refused_asides as (

    select
        'aside' as section,
        'not_hip' as disposition,
        'needs_review' as label,
        count(*) as files
    from {{ ref('fct_file_disposition') }}
    where disposition = 'not_hip' and needs_review

),

lines as (

    select * from excluded
    union all
    select * from registered
    union all
    select 'total', 'all', 'files_found', found from files
    union all
    select * from asides
    union all
    select * from refused_asides

)

select
    {{ hashed_key(['section', 'disposition', 'label']) }} as line_key,
    section,
    disposition,
    label,
    files,
    cast(files as double precision) / nullif(files_found.found, 0) as share
from lines
cross join files as files_found
where {{ only_if_anything_new() }}
