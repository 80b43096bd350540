{{ config(pre_hook="{{ forget_changed_patients() }}") }}

-- Replaced hips from their primary to the first of revision, death, and the last time that the hip was seen.
with primaries as (

    select
        episodes.*,
        row_number() over (partition by episodes.hip_key order by episodes.episode_number) as place
    from {{ ref('hip_episode') }} as episodes
    where
        episodes.kind = 'primary'
        and episodes.start_date is not null
        and episodes.start_interval_days <= {{ var('registry_settings')['longest_start_interval_days'] }}
        and {{ only_changed_patients('episodes.patient_key') }}

),

numbered_revisions as (

    select
        hip_key,
        start_date,
        is_inferred,
        row_number() over (partition by hip_key order by episode_number) as place
    from {{ ref('hip_episode') }}
    where
        kind = 'revision'
        and start_date is not null

),

last_seen as (

    select
        hip_key,
        max(last_film_date) as last_film_date
    from {{ ref('hip_episode') }}
    group by hip_key

),

followed as (

    select
        primaries.hip_key,
        primaries.patient_key,
        primaries.side,
        primaries.episode_key,
        primaries.start_date as primary_date,
        primaries.is_inferred as primary_is_inferred,
        primaries.site_code,
        primaries.surgeon_code,
        primaries.implant_code,
        patients.patient_sex,
        patients.death_date,
        case when revisions.start_date >= primaries.start_date then revisions.start_date end as revision_date,
        revisions.is_inferred as revision_is_inferred,
        case when last_seen.last_film_date > primaries.start_date then last_seen.last_film_date
            else primaries.start_date end as last_seen_date
    from primaries
    inner join {{ ref('dim_patient') }} as patients
        on primaries.patient_key = patients.patient_key
    left join numbered_revisions as revisions
        on
            primaries.hip_key = revisions.hip_key
            and revisions.place = 1
    left join last_seen
        on primaries.hip_key = last_seen.hip_key
    where primaries.place = 1

)

select
    hip_key,
    patient_key,
    side,
    episode_key,
    patient_sex,
    site_code,
    surgeon_code,
    implant_code,
    primary_date,
    primary_is_inferred,
    case
        when revision_date is not null and (death_date is null or revision_date <= death_date) then 'revised'
        when death_date >= primary_date then 'died'
        else 'censored'
    end as outcome,
    coalesce(revision_is_inferred and (death_date is null or revision_date <= death_date), false)
        as outcome_is_inferred,
    {{ days_between(
        'primary_date',
        'case when revision_date is not null and (death_date is null or revision_date <= death_date) then revision_date '
        ~ 'when death_date >= primary_date then death_date else last_seen_date end'
    ) }} as days_followed
from followed
