-- References: with two tables, every column says whose it is.
select
    orders.order_id,
    hut_name,
    ordered_at
from {{ ref('stg_orders') }} as orders
inner join {{ ref('stg_huts') }} as huts
    on orders.hut_id = huts.hut_id
