{{ config(pre_hook="{{ forget_changed_patients() }}") }}

-- The last accepted angles of each method in the hip's current episode. On an AP pelvis film both are of one film where
-- one has both; version of a cross-table lateral stands beside the inclination of the AP film nearest to it in time.
with angles as (

    select angles.*
    from {{ ref('int_cup_angles_measured') }} as angles
    inner join {{ ref('hip_timeline') }} as timeline
        on angles.hip_film_key = timeline.hip_film_key
    inner join {{ ref('hip_episode') }} as episodes
        on timeline.episode_key = episodes.episode_key
    where
        episodes.is_current
        and episodes.kind <> 'native'
        and {{ only_changed_patients('angles.patient_key') }}

),

hips as (

    select
        hip_key,
        patient_key,
        side,
        episode_key
    from {{ ref('hip_episode') }}
    where
        is_current
        and kind <> 'native'
        and {{ only_changed_patients('patient_key') }}

),

pairs as (

    select
        hips.hip_key,
        zones.zone,
        inclinations.film_key as inclination_film_key,
        inclinations.study_date as inclination_date,
        inclinations.value_deg as inclination_deg,
        versions.film_key as version_film_key,
        versions.study_date as version_date,
        versions.value_deg as version_deg,
        row_number() over (
            partition by hips.hip_key, zones.zone
            order by
                versions.film_number desc,
                abs({{ days_between('versions.study_date', 'inclinations.study_date') }}) asc,
                inclinations.film_number desc
        ) as place
    from hips
    cross join {{ ref('position_zones') }} as zones
    inner join angles as versions
        on
            hips.hip_key = versions.hip_key
            and versions.measure = 'version'
            and zones.version_method = versions.method
    inner join angles as inclinations
        on
            hips.hip_key = inclinations.hip_key
            and inclinations.measure = 'inclination'
            and (zones.version_method <> 'ap_rim_ellipse_asin' or versions.film_key = inclinations.film_key)

)

select
    {{ hashed_key(['hips.hip_key', 'zones.zone']) }} as position_key,
    hips.hip_key,
    hips.patient_key,
    hips.side,
    hips.episode_key,
    zones.zone,
    pairs.inclination_film_key,
    pairs.inclination_date,
    pairs.inclination_deg,
    pairs.version_film_key,
    pairs.version_date,
    pairs.version_deg,
    zones.version_method,
    zones.inclination_low_deg,
    zones.inclination_high_deg,
    zones.version_low_deg,
    zones.version_high_deg,
    pairs.inclination_deg between zones.inclination_low_deg and zones.inclination_high_deg as inclination_inside,
    pairs.version_deg between zones.version_low_deg and zones.version_high_deg as version_inside,
    pairs.inclination_deg between zones.inclination_low_deg and zones.inclination_high_deg
    and pairs.version_deg between zones.version_low_deg and zones.version_high_deg as is_inside
from hips
cross join {{ ref('position_zones') }} as zones
left join pairs
    on
        hips.hip_key = pairs.hip_key
        and zones.zone = pairs.zone
        and pairs.place = 1
