with lines as (
    select * from {{ ref('int_order_lines') }}
),

totals as (
    select
        order_id,
        sum(quantity) as drinks,
        sum(amount) as amount
    from lines
    group by order_id
)

select
    orders.order_id,
    orders.hut_id,
    orders.ordered_at,
    orders.status,
    coalesce(totals.drinks, 0) as drinks,
    coalesce(totals.amount, 0) as amount
from {{ ref('stg_orders') }} as orders
left join totals
    on orders.order_id = totals.order_id
