select
    lake,
    read_on,
    thinnest_cm,
    {{ is_safe_ice('thinnest_cm') }} as is_open
from {{ ref('int_daily_ice') }}
