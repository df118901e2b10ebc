-- Aliasing: say `as`, name every expression, and use each alias you give.
select
    huts.hut_id,
    huts.seats * 2,
    huts.hut_name hut
from {{ ref('stg_huts') }} huts
cross join {{ ref('stg_drinks') }} as menu
