select
    drink_id,
    drink_name,
    kind,
    {{ cents_to_euros('price_cents') }} as price
from {{ ref('drinks') }}
