/**
 * The 60-line model that the bench edits. It lints with issues, and one of them names `mark`, so that an answer tells which
 * text it belongs to, whatever shows it: an unused CTE is reported as `Query defines CTE "unused_<mark>"`.
 * @param mark lower-case letters and digits
 */
export function reviewModel(mark: string): string {
  return `{%- set kinds = var('drink_kinds') -%}

{{ config(materialized='table', tags=['review']) }}

with lines as (
    select * from {{ ref('int_order_lines') }}
),

unused_${mark} as (
    select lake from {{ ref('stg_huts') }}
),

totals as (
    select
        order_id,
        hut_id,
        {% for kind in kinds %}
        sum(case when kind = '{{ kind }}' then quantity else 0 end) as {{ kind }}_drinks,
        {% endfor %}
        sum(quantity) as drinks,
        sum(amount) as amount
    from lines
    group by order_id, hut_id
),

ice as (
    select
        lake,
        read_on,
        {{ is_safe_ice('thinnest_cm') }} as is_open
    from {{ ref('int_daily_ice') }}
),

reviewed as (
    select
        totals.order_id,
        huts.hut_name,
        totals.drinks,
        {% for kind in kinds %}
        totals.{{ kind }}_drinks,
        {% endfor %}
        totals.amount,
        {{ safe_divide('totals.amount', 'totals.drinks') }} as amount_per_drink,
        ice.is_open,
        row_number() over (partition by huts.hut_id order by totals.amount desc) as place
    from totals
    inner join {{ ref('stg_huts') }} as huts
        on totals.hut_id = huts.hut_id
    left join ice
        on huts.lake = ice.lake
)

select
    order_id,
    hut_name,
    drinks,
    COALESCE(amount, 0)  as amount,
    place
from reviewed
where place <= 3
`;
}

/** How an issue names the text it was found in. */
export const markOf = (message: string): string | null => /CTE "unused_(\w+)"/.exec(message)?.[1] ?? null;
