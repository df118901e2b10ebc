select
    hut_id,
    hut_name,
    lake,
    opened_on,
    seats
from {{ ref('huts') }}
