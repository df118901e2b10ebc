-- Convention: one way to say not-equal, null checks, and `coalesce` for `ifnull`.
select
    order_id,
    ifnull(status, 'unknown') as status
from {{ ref('stg_orders') }}
where status <> 'spilled' and hut_id != 4 and ordered_at = null
