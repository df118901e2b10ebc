-- Structure: a CTE nobody reads, a needless `else null`, a `case` that is a boolean.
with unused_menu as (
    select drink_id from {{ ref('stg_drinks') }}
)

select
    hut_id,
    case when seats > 8 then 'large' else null end as size_class,
    case when seats > 8 then true else false end as is_large
from {{ ref('stg_huts') }}
