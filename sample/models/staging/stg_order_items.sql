select
    id as order_item_id,
    order_id,
    drink as drink_id,
    quantity
from {{ source('lake', 'order_items') }}
