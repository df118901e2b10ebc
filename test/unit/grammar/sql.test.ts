import type { IGrammar } from "vscode-textmate";
import { beforeAll, describe, expect, it } from "vitest";
import { describeTokens, grammarOf, scopesOf } from "./tokens.ts";

let sql: IGrammar;
beforeAll(async () => {
  sql = await grammarOf("source.sql");
});

describe("Jinja in SQL", () => {
  it.each([
    [
      "expressions and dbt's names",
      "select * from {{ ref('stg_orders') }} where x = {{ var(\"n\", 1) }} and 1",
    ],
    [
      "a configuration with a dictionary",
      "{{ config(materialized='table', meta={'a': {'b': 1}}) }}\nselect 1",
    ],
    [
      "statements with whitespace control",
      "{%- set x = [1, 2] -%}\n{%+ if x is not none and loop.first -%} and {%- endif %}",
    ],
    [
      "a macro",
      "{% macro cents(column, scale=2) -%}\n  ({{ column | round(scale) }} / 100)\n{%- endmacro %}",
    ],
    [
      "blocks of dbt",
      "{% snapshot orders_s %}\n{% materialization t, adapter='duckdb' %}\n{% test not_null(model) %}{% endtest %}",
    ],
    [
      "calls and methods",
      "{% call statement('x', fetch_result=True) %}{{ adapter.dispatch('f')(this.name) }}{% endcall %}",
    ],
    ["a comment over lines", "{# it's {{ not }}\n a -- comment #} select"],
    ["Jinja in strings", "select '{{ var('a') }}-x', \"{{ b }}\", 'plain', `{{ c }}` from t"],
    ["Jinja in comments", "-- see {{ ref('a') }} don't\nselect /* {% if b %} */ 1"],
    ["an expression over lines", "{{\n  dbt_utils.star(from=ref('a'),\n    except=['b'])\n}} from"],
    ["raw", "{% raw %} {{ not jinja }} {% endraw %} {{ jinja }}"],
  ])("%s", (_name, text) => {
    expect(describeTokens(sql, text)).toMatchSnapshot();
  });

  it("goes back to SQL after every kind of tag", () => {
    const tags = [
      "{{ a }}",
      "{{- {'a': {}} -}}",
      "{% set a = '%}' %}",
      "{# ' #}",
      "'{{ a }}'",
      "{%- if a % 2 -%}",
    ];
    for (const tag of tags) {
      expect(scopesOf(sql, `${tag} select`, "select"), tag).toEqual(["source.sql", "keyword.other.DML.sql"]);
    }
  });

  it("leaves SQL without Jinja as it was", () => {
    expect(scopesOf(sql, "select 'a', \"b\" from c", "'a'")).toEqual([
      "source.sql",
      "string.quoted.single.sql",
    ]);
  });

  it("is the same in the language jinja-sql", async () => {
    const jinjaSql = await grammarOf("source.sql.dbt");
    const text = "select '{{ var('a') }}' from {{ ref('b') }} -- {{ c }}";
    expect(describeTokens(jinjaSql, text)).toBe(describeTokens(sql, text));
  });
});
