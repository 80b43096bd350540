{{ config(pre_hook="{{ forget_all_if_anything_new() }}") }}

-- What each device's films looked like to the model, month by month of the films, in standard errors from all earlier
-- months of that device and model.
with films as (

    select
        coalesce(films.manufacturer, 'unknown') as manufacturer,
        coalesce(films.device_model, 'unknown') as device_model,
        inferences.model_version,
        {{ month_of('films.study_date') }} as month,
        inferences.view_score,
        inferences.outlier_score,
        case when files.disposition = 'not_hip' then 1 else 0 end as excluded,
        case when files.needs_review then 1 else 0 end as review
    from {{ ref('fct_file_disposition') }} as files
    inner join {{ ref('stg_landing__films') }} as films
        on files.film_key = films.film_key
    inner join {{ ref('int_inferences_current') }} as inferences
        on films.film_key = inferences.film_key
    where
        files.disposition in ('registered', 'not_hip')
        and films.study_date is not null
        and {{ only_if_anything_new() }}

),

months as (

    select
        manufacturer,
        device_model,
        model_version,
        month,
        count(*) as films,
        cast(sum(excluded) as bigint) as excluded,
        cast(sum(review) as bigint) as needs_review,
        sum(view_score) as score_sum,
        sum(view_score * view_score) as score_squares,
        cast(avg(outlier_score) as double precision) as mean_outlier_score
    from films
    group by manufacturer, device_model, model_version, month

),

with_earlier as (

    select
        *,
        sum(films) over earlier as earlier_films,
        sum(excluded) over earlier as earlier_excluded,
        sum(score_sum) over earlier as earlier_sum,
        sum(score_squares) over earlier as earlier_squares
    from months
    window earlier as (
        partition by manufacturer, device_model, model_version order by month
        rows between unbounded preceding and 1 preceding
    )

),

references_taken as (

    select
        *,
        earlier_sum / earlier_films as earlier_score,
        case when earlier_squares / earlier_films > (earlier_sum / earlier_films) * (earlier_sum / earlier_films) then
            sqrt(earlier_squares / earlier_films - (earlier_sum / earlier_films) * (earlier_sum / earlier_films))
        end as earlier_score_sd,
        {{ share('earlier_excluded', 'earlier_films') }} as earlier_share
    from with_earlier

)

select
    {{ hashed_key(['manufacturer', 'device_model', 'model_version', 'month']) }} as month_key,
    manufacturer,
    device_model,
    model_version,
    month,
    films,
    excluded,
    needs_review,
    cast(score_sum / films as double precision) as mean_view_score,
    mean_outlier_score,
    {{ share('excluded', 'films') }} as excluded_share,
    {{ share('needs_review', 'films') }} as review_share,
    cast(earlier_films as bigint) as earlier_films,
    cast(
        (score_sum / films - earlier_score) / nullif(earlier_score_sd / sqrt(films), 0) as double precision
    ) as score_drift_se,
    cast(
        (cast(excluded as double precision) / films - earlier_share)
        / nullif(sqrt(earlier_share * (1 - earlier_share) / films), 0) as double precision
    ) as excluded_drift_se
from references_taken
