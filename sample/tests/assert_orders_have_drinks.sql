-- A served order with nothing in it is a mistake of the till.
select
    order_id,
    drinks
from {{ ref('orders') }}
where
    status = 'served'
    and drinks = 0
