{{ config(materialized='ephemeral') }}

select
    items.order_item_id,
    orders.order_id,
    orders.hut_id,
    orders.ordered_on,
    drinks.kind,
    items.quantity,
    items.quantity * drinks.price as amount
from {{ ref('stg_order_items') }} as items
inner join {{ ref('stg_orders') }} as orders
    on items.order_id = orders.order_id
inner join {{ ref('stg_drinks') }} as drinks
    on items.drink_id = drinks.drink_id
where orders.status = 'served'
