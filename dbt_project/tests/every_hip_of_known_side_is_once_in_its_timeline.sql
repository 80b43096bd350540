-- Films whose hips of known side are not exactly as many as their rows in the timeline.
with shown as (

    select
        radiographs.film_key,
        count(distinct hips.side) as hips
    from {{ ref('fct_radiograph') }} as radiographs
    inner join {{ ref('stg_landing__hips') }} as hips
        on
            radiographs.film_key = hips.film_key
            and radiographs.model_version = hips.model_version
    where hips.side <> 'unknown'
    group by radiographs.film_key

),

in_timeline as (

    select
        film_key,
        count(*) as hips
    from {{ ref('hip_timeline') }}
    group by film_key

)

select
    coalesce(shown.film_key, in_timeline.film_key) as film_key,
    shown.hips as hips_shown,
    in_timeline.hips as hips_in_timeline
from shown
full outer join in_timeline
    on shown.film_key = in_timeline.film_key
where shown.hips is distinct from in_timeline.hips
