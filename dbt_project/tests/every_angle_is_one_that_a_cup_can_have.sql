-- Angles outside what an undirected axis can have: inclination 0 to 90, version -90 to 90 degrees. A missing angle is
-- none of them.
select
    measurement_key,
    measure,
    value_deg
from {{ ref('fct_cup_measurement') }}
where value_deg not between case measure when 'inclination' then 0 else -90 end and 90
