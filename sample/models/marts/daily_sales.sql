{{
    config(
        materialized='incremental',
        unique_key=['hut_id', 'ordered_on'],
        on_schema_change='append_new_columns'
    )
}}

select
    hut_id,
    ordered_on,
    sum(quantity) as drinks,
    sum(amount) as revenue
from {{ ref('int_order_lines') }}
{% if is_incremental() %}
where ordered_on >= (select max(latest.ordered_on) from {{ this }} as latest)
{% endif %}
group by hut_id, ordered_on
