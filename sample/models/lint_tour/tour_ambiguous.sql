-- Ambiguous: a `distinct` that `group by` makes needless, and a join that does not say which.
select distinct huts.lake
from {{ ref('stg_huts') }} as huts
join {{ ref('stg_orders') }} as orders
    on huts.hut_id = orders.hut_id
group by huts.lake
