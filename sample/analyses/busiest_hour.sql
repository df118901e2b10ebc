-- When is the queue longest?
select
    extract('hour' from ordered_at) as ordered_hour,
    count(*) as orders
from {{ ref('orders') }}
group by ordered_hour
order by orders desc
