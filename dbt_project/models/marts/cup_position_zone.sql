{{ config(pre_hook="{{ forget_changed_patients() }}") }}

-- The last accepted angles of each method in the hip's current episode. On an AP pelvis film both are of one film where
-- one has both; version of a cross-table lateral stands beside the inclination of the AP film nearest to it in time.
with angles as (

    select * from {{ ref('int_cup_angles_placed') }}
    where
        is_of_current_episode
        and episode_kind <> 'native'
        and {{ only_changed_patients('patient_key') }}

),

inclinations as (

    select * from angles
    where measure = 'inclination'

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

-- The last version of each zone's method, before it is paired: films times films would be many.
versions as (

    select
        angles.*,
        zones.zone,
        row_number() over (partition by angles.hip_key, zones.zone order by angles.film_number desc) as recency
    from angles
    inner join {{ ref('position_zones') }} as zones
        on angles.method = zones.version_method
    where
        angles.measure = 'version'
        and (
            angles.method <> 'ap_rim_ellipse_asin'
            or angles.hip_film_key in (select hip_film_key from inclinations)
        )

),

pairs as (

    select
        versions.hip_key,
        versions.zone,
        inclinations.film_key as inclination_film_key,
        inclinations.study_date as inclination_date,
        inclinations.value_deg as inclination_deg,
        versions.film_key as version_film_key,
        versions.study_date as version_date,
        versions.value_deg as version_deg,
        row_number() over (
            partition by versions.hip_key, versions.zone
            order by
                abs({{ days_between('versions.study_date', 'inclinations.study_date') }}) asc,
                inclinations.film_number desc
        ) as place
    from versions
    inner join inclinations
        on
            versions.hip_key = inclinations.hip_key
            and (versions.method <> 'ap_rim_ellipse_asin' or versions.film_key = inclinations.film_key)
    where versions.recency = 1

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
