with sales as (
    select
        hut_id,
        sum(drinks) as drinks,
        sum(revenue) as revenue,
        count(*) as days_open
    from {{ ref('daily_sales') }}
    group by hut_id
)

select
    huts.hut_id,
    huts.hut_name,
    huts.lake,
    coalesce(sales.drinks, 0) as drinks,
    coalesce(sales.revenue, 0) as revenue,
    {{ safe_divide('sales.revenue', 'sales.days_open') }} as revenue_per_day,
    {{ safe_divide('sales.revenue', 'huts.seats') }} as revenue_per_seat
from {{ ref('stg_huts') }} as huts
left join sales
    on huts.hut_id = sales.hut_id
