import { mkdir, rm, writeFile } from "node:fs/promises";
import path from "node:path";
import { cacheDir } from "../../scripts/pins.mjs";
import { copySample } from "../../scripts/sample.mjs";
import { reviewModel } from "./reviewModel.ts";

export interface BenchProject {
  name: string;
  dir: string;
  /** How many models it has, the sample's own and the one that is edited included. */
  models: number;
  /** Absolute path of the 60-line model that is edited; the same one in every project. */
  review: string;
}

const benchDir = path.join(cacheDir(), "bench");

/**
 * A copy of sample/ with the 60-line model and as many generated models as it takes to have `models`. Made afresh in the
 * cache folder, without target/ or any other trace of an earlier run, and the same byte for byte every time.
 */
export async function benchProject(name: string, models: number | "sample"): Promise<BenchProject> {
  const dir = path.join(benchDir, name);
  await rm(dir, { recursive: true, force: true });
  copySample(dir);
  const review = path.join(dir, "models", "marts", "order_review.sql");
  await writeFile(review, reviewModel("saved"));
  const own = sampleModels + 1;
  if (models === "sample") return { name, dir, models: own, review };

  const domains = Array.from({ length: Math.ceil((models - own) / modelsPerDomain) }, (_, index) => index);
  const files = new Map<string, string>(
    Array.from({ length: macroFiles }, (_, index) => [
      `macros/generated/macro_${index}.sql`,
      macroFile(index),
    ]),
  );
  let wanted = models - own;
  for (const domain of domains) {
    const made = domainModels(domain).slice(0, wanted);
    wanted -= made.length;
    for (const model of made) files.set(`models/generated/d${domain}/${model.name}.sql`, model.sql);
    files.set(`models/generated/d${domain}/d${domain}.yml`, domainYaml(domain, made));
  }
  for (const [relative, content] of files) {
    const target = path.join(dir, relative);
    await mkdir(path.dirname(target), { recursive: true });
    await writeFile(target, content);
  }
  return { name, dir, models, review };
}

/** Models of sample/ itself: counted by hand nowhere else, so a new one there only shifts the generated number by one. */
const sampleModels = 20;
const modelsPerDomain = 10;
const macroFiles = 25;

interface Model {
  name: string;
  sql: string;
  columns: string[];
}

const subjects = ["orders", "payments", "visits", "refunds"] as const;

/** Ten models: four of staging, three between, three marts; they refer to one another and to the domain before. */
function domainModels(domain: number): Model[] {
  const staging = subjects.map((subject) => stagingModel(domain, subject));
  const between = [0, 1, 2].map((index) => betweenModel(domain, index));
  const marts = [0, 1, 2].map((index) => martModel(domain, index));
  return [...staging, ...between, ...marts];
}

function stagingModel(domain: number, subject: string): Model {
  const columns = [`${subject}_id`, "customer_id", "status", "amount", "happened_at", "happened_on"];
  const sql = `{{ config(materialized='view') }}

with source as (
    select * from {{ source('d${domain}', '${subject}') }}
),

renamed as (
    select
        id as ${subject}_id,
        customer as customer_id,
        lower(trim(status)) as status,
        {{ euros_${domain % macroFiles}('amount') }} as amount,
        cast(happened_at as timestamp) as happened_at,
        cast(happened_at as date) as happened_on
    from source
    where id is not null
)

select * from renamed
`;
  return { name: `stg_d${domain}_${subject}`, sql, columns };
}

function betweenModel(domain: number, index: number): Model {
  const left = subjects[index] ?? "orders";
  const right = subjects[index + 1] ?? "refunds";
  const before = domain === 0 ? "" : `{{ ref('stg_d${domain - 1}_${left}') }}`;
  const earlier =
    before === ""
      ? ""
      : `,

earlier as (
    select
        customer_id,
        min(happened_on) as first_seen_on
    from ${before}
    group by customer_id
)`;
  const columns = ["customer_id", "happened_on", "lefts", "left_amount", "right_amount"];
  const sql = `with lefts as (
    select
        customer_id,
        happened_on,
        count(*) as lefts,
        sum(amount) as left_amount
    from {{ ref('stg_d${domain}_${left}') }}
    where status in ({% for status in ['open', 'paid', 'done'] %}'{{ status }}'{{ ', ' if not loop.last }}{% endfor %})
    group by customer_id, happened_on
),

rights as (
    select
        customer_id,
        happened_on,
        sum(amount) as right_amount
    from {{ ref('stg_d${domain}_${right}') }}
    group by customer_id, happened_on
)${earlier}

select
    lefts.customer_id,
    lefts.happened_on,
    lefts.lefts,
    lefts.left_amount,
    coalesce(rights.right_amount, 0) as right_amount${earlier === "" ? "" : ",\n    earlier.first_seen_on"}
from lefts
left join rights
    on
        lefts.customer_id = rights.customer_id
        and lefts.happened_on = rights.happened_on${
          earlier === "" ? "" : "\nleft join earlier\n    on lefts.customer_id = earlier.customer_id"
        }
`;
  return { name: `int_d${domain}_${index}`, sql, columns };
}

/** Every third mart has two issues, as real projects have. */
function martModel(domain: number, index: number): Model {
  const columns = ["customer_id", "days", "amount", "amount_per_day", "size"];
  const untidy = (domain + index) % 3 === 0;
  const sql = `{{
    config(
        materialized='${index === 0 ? "table" : "incremental"}',
        unique_key='customer_id'
    )
}}

with days as (
    select
        customer_id,
        ${untidy ? "COUNT" : "count"}(distinct happened_on) as days,
        sum(left_amount - right_amount) as amount
    from {{ ref('int_d${domain}_${index}') }}
    {% if is_incremental() %}
    where happened_on >= (select max(latest.happened_on) from {{ this }} as latest)
    {% endif %}
    group by customer_id
),

sized as (
    select
        customer_id,
        days,
        amount,
        {{ safe_divide('amount', 'days') }} as amount_per_day,
        case
            {% for size in ['small', 'middle', 'large'] %}
            when amount < {{ loop.index * 100 + ${domain} }} then '{{ size }}'
            {% endfor %}
            else 'huge'
        end as size
    from days
)

select
    customer_id,
    days,
    amount,
    amount_per_day,
    ${untidy ? "size  as size" : "size"}
from sized
where days > {{ var('safe_ice_cm') }}
`;
  return { name: `fct_d${domain}_${index}`, sql, columns };
}

function macroFile(index: number): string {
  return `{% macro euros_${index}(column, digits=2) -%}
    cast({{ column }} / 100.0 as numeric(16, {{ digits }}))
{%- endmacro %}

{% macro recent_${index}(column, days=${index + 1}) -%}
    {{ column }} >= current_date - interval '{{ days }} days'
{%- endmacro %}
`;
}

function domainYaml(domain: number, models: readonly Model[]): string {
  const column = (name: string, isKey: boolean) => `      - name: ${name}
        description: What ${name} means for domain ${domain}, in a sentence as long as people write them.
${isKey ? "        data_tests: [unique, not_null]\n" : ""}`;
  const described = models.map(
    (model) => `  - name: ${model.name}
    description: >
      ${model.name} holds one row for each ${model.columns[0] ?? "row"}. It is rebuilt every night from what
      the huts of domain ${domain} send in, and read by the reports of the morning.
    columns:
${model.columns.map((name, index) => column(name, index === 0)).join("")}`,
  );
  return `version: 2

sources:
  - name: d${domain}
    description: Raw files of domain ${domain}.
    config:
      external_location: "raw/{name}.csv"
    tables:
${subjects.map((subject) => `      - name: ${subject}\n        description: One row for each of ${subject}.\n`).join("")}
models:
${described.join("\n")}`;
}
