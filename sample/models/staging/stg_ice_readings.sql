select
    lake,
    thickness_cm,
    cast(read_at as timestamp) as read_at,
    cast(read_at as date) as read_on
from {{ source('lake', 'ice_readings') }}
