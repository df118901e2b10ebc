-- Layout: spaces, indentation and commas. The formatter mends all of it.
select
    hut_id,
      hut_name,
    seats+1 as seats_with_stool
    , lake
from {{ ref('stg_huts') }}
