-- Jinja: one space inside the braces.
{%- set smallest = 6 -%}
select hut_id
from {{ref('stg_huts')}}
where seats >= {{smallest}}
