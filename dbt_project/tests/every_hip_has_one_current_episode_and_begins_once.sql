-- Hips with another number of current episodes than one, or with more than one native episode or inferred primary.
select hip_key
from {{ ref('hip_episode') }}
group by hip_key
having
    count(*) filter (where is_current) <> 1
    or count(*) filter (where kind = 'native') > 1
    or count(*) filter (where kind = 'primary' and is_inferred) > 1
