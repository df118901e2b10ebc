-- Capitalisation: keywords, functions, literals and types are lower case here.
SELECT
    hut_id,
    UPPER(hut_name) as hut_name,
    cast(seats as INTEGER) as seats,
    TRUE as is_listed
from {{ ref('stg_huts') }}
