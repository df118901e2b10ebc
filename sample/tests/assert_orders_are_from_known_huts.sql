-- Files from a hut that is not on the list are a mistake of the night transfer.
select orders.order_id
from {{ ref('stg_orders') }} as orders
left join {{ ref('stg_huts') }} as huts
    on orders.hut_id = huts.hut_id
where huts.hut_id is null
