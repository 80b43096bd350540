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

    select unnest(['ap_pelvis', 'ap_hip', 'lateral_hip', 'oblique_hip', 'other']) as view_category

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
asides as (

    select
        'aside' as section,
        'registered' as disposition,
        unnest(['implant', 'needs_review', 'side_conflict', 'hip_of_unknown_side']) as label,
        unnest([
            count(*) filter (where has_implant),
            count(*) filter (where needs_review),
            count(*) filter (where side_conflict),
            count(*) filter (where hips_of_unknown_side > 0)
        ]) as files
    from {{ ref('fct_radiograph') }}

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
    cast(files as double) / nullif(files_found.found, 0) as share
from lines
cross join files as files_found
