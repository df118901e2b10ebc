select
    lake,
    read_on,
    min(thickness_cm) as thinnest_cm,
    max(thickness_cm) as thickest_cm
from {{ ref('stg_ice_readings') }}
group by lake, read_on
