/** A project with one file of each kind that linting has to get right. Everything here renders; issues are on purpose. */
export const corpus: Record<string, string | Buffer> = {
  ".sqlfluff": `[sqlfluff]
dialect = duckdb
templater = dbt
warnings = LT05
`,
  ".sqlfluffignore": "models/ignored/\n",
  "dbt_project.yml": `name: shop
version: "1.0"
profile: shop
snapshot-paths: ["snapshots"]
flags:
  send_anonymous_usage_stats: false
`,
  "macros/cents.sql": `{% macro cents(column) %}({{ column }} / 100){% endmacro %}
{% macro shout() %}{{ print("a macro prints") }}{{ log("a macro logs", info=True) }}loud{% endmacro %}
`,
  "models/orders.sql": "select 1 as id, 200 as amount, current_date as day\n",
  "models/ctes.sql": `WITH a AS (select id,amount from {{ ref('orders') }}),
b as (
  SELECT a.id, {{ cents('amount') }} AS amount FROM a
)
select * from b
`,
  "models/loop.sql": `select
{% for n in [1, 2, 3] %}
    id+{{ n }} as id_{{ n }}{% if not loop.last %},{% endif %}
{% endfor %}
from {{ ref('orders') }}
`,
  "models/branches.sql": `{% if target.name == 'dev' %}
select id from {{ ref('orders') }}
{% else %}
SELECT id   from {{ ref('orders') }}
{% endif %}
`,
  "models/unicode.sql": "select 'é😀' as label,id  ,'ß' AS b from {{ ref('orders') }}\n",
  "models/crlf.sql": "select id,amount\r\nfrom   {{ ref('orders') }}\r\nWHERE id>1\r\n",
  "models/bom.sql": "\ufeffselect id,amount from {{ ref('orders') }}\n",
  "models/tabs.sql": "select\n\tid,\n\t\tamount\nfrom {{ ref('orders') }}\n",
  "models/quiet.sql": `select id,amount from {{ ref('orders') }} -- noqa: LT01
union
select id, amount from {{ ref('orders') }}
`,
  "models/inline.sql": `-- sqlfluff:rules:capitalisation.keywords:capitalisation_policy:upper
-- sqlfluff:exclude_rules:AM01
select id from {{ ref('orders') }}
`,
  "models/no_newline.sql": "select id from {{ ref('orders') }}",
  "models/blank_start.sql": "\n\n  select id from {{ ref('orders') }}\n\n\n",
  "models/does_not_parse.sql": "select id from from {{ ref('orders') }} wherewhere\n",
  "models/very_long.sql": `select id as a_column_with_a_name_that_goes_on_and_on_until_it_is_too_long_for_one_line from {{ ref('orders') }}\n`,
  "models/shouting.sql": "select '{{ shout() }}' as loud FROM {{ ref('orders') }}\n",
  "models/disabled.sql": "{{ config(enabled=false) }}\nselect 1 as ID\n",
  "models/ignored/old.sql": "SELECT 1 as ID\n",
  "models/empty.sql": "",
  "models/first_step.sql":
    "{{ config(materialized='ephemeral') }}\nselect id,amount from {{ ref('orders') }}\n",
  "models/second_step.sql":
    "{{ config(materialized='ephemeral') }}\nselect id from {{ ref('first_step') }}\n",
  "models/third_step.sql": "select   id from {{ ref('second_step') }}\n",
  "models/fourth_step.sql":
    "select id from {{ ref('third_step') }} union select id from {{ ref('second_step') }}\n",
  "models/growing.sql": `{{ config(materialized='incremental', unique_key='id') }}
select id from {{ ref('orders') }}
{% if is_incremental() %}
  where id>(select max(id) from {{ this }})
{% endif %}
`,
  "models/nested/.sqlfluff": "[sqlfluff]\nexclude_rules = LT01\n",
  "models/nested/deep.sql": "select id,amount FROM {{ ref('orders') }}\n",
  "models/jinja_spaces.sql": "select id from {{ref('orders')}}\n",
  "snapshots/history.sql": `{% snapshot history %}
{{ config(target_schema='snapshots', unique_key='id', strategy='check', check_cols=['amount']) }}
select id,amount from {{ ref('orders') }}
{% endsnapshot %}
`,
  "analyses/question.sql": "select count(*) as N from {{ ref('orders') }}\n",
  "tests/no_negative.sql": "select * from {{ ref('orders') }} where amount<0\n",
};
