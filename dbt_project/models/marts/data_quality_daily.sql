{{ config(pre_hook="{{ forget_all_if_anything_new() }}") }}

with files as (

    select
        cast(finished_at as date) as read_on,
        count(*) as files,
        count(*) filter (where disposition = 'registered') as registered,
        count(*) filter (where disposition = 'not_hip') as not_hip,
        count(*) filter (where disposition = 'screened_out') as screened_out,
        count(*) filter (where disposition = 'undecodable') as undecodable,
        count(*) filter (where disposition = 'duplicate') as duplicates,
        count(*) filter (where disposition = 'failed') as failed,
        count(*) filter (where needs_review) as needs_review
    from {{ ref('fct_file_disposition') }}
    where {{ only_if_anything_new() }}
    group by cast(finished_at as date)

),

films as (

    select
        cast(files.finished_at as date) as read_on,
        count(*) filter (where radiographs.study_date is null) as without_date,
        count(*) filter (where radiographs.dated_before_birth) as dated_before_birth,
        count(*) filter (where radiographs.spacing_mm is null) as without_spacing,
        count(*) filter (where radiographs.side_conflict) as side_conflicts,
        count(*) filter (where radiographs.side_tag_disagrees) as side_tags_disagree,
        count(*) filter (where radiographs.view_tag_disagrees) as view_tags_disagree,
        count(*) filter (where radiographs.body_part_tag_disagrees) as body_part_tags_disagree
    from {{ ref('fct_radiograph') }} as radiographs
    inner join {{ ref('fct_file_disposition') }} as files
        on
            radiographs.film_key = files.film_key
            and files.disposition = 'registered'
    group by cast(files.finished_at as date)

)

select
    files.read_on,
    files.files,
    files.registered,
    files.not_hip,
    files.screened_out,
    files.undecodable,
    files.duplicates,
    files.failed,
    files.needs_review,
    coalesce(films.without_date, 0) as without_date,
    coalesce(films.dated_before_birth, 0) as dated_before_birth,
    coalesce(films.without_spacing, 0) as without_spacing,
    coalesce(films.side_conflicts, 0) as side_conflicts,
    coalesce(films.side_tags_disagree, 0) as side_tags_disagree,
    coalesce(films.view_tags_disagree, 0) as view_tags_disagree,
    coalesce(films.body_part_tags_disagree, 0) as body_part_tags_disagree,
    {{ share('files.registered', 'files.files') }} as registered_share
from files
left join films
    on files.read_on = films.read_on
