{%- set kinds = var('drink_kinds') -%}

select
    ordered_on,
    {% for kind in kinds %}
    sum(case when kind = '{{ kind }}' then amount else 0 end) as {{ kind }}_revenue,
    {% endfor %}
    sum(amount) as revenue
from {{ ref('int_order_lines') }}
group by ordered_on
