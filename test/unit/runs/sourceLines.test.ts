import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { sourceLines } from "../../../server/runs/sourceLines.ts";

/** Each line of the compiled SQL with the line of the source it is said to come from, both from 1. */
function origins(source: string, compiled: string): string[] {
  const from = sourceLines(source, compiled);
  return compiled.split("\n").map((line, index) => `${line.trim()} < ${(from[index] ?? -2) + 1}`);
}

describe("sourceLines", () => {
  test("text without Jinja maps to itself", () => {
    const text = "select 1\n\nfrom a\n";
    expect(sourceLines(text, text).slice(0, 3)).toEqual([0, 1, 2]);
  });

  test("a configuration above, and references inside", () => {
    const source =
      "{{ config(\n  materialized='table'\n) }}\n\nselect\n  id,\n  amount\nfrom {{ ref('a') }}\nwhere id > 1";
    const compiled = '\n\nselect\n  id,\n  amount\nfrom "db"."main"."a"\nwhere id > 1';
    expect(origins(source, compiled).slice(2)).toEqual([
      "select < 5",
      "id, < 6",
      "amount < 7",
      'from "db"."main"."a" < 8',
      "where id > 1 < 9",
    ]);
  });

  test("the lines of a loop come again from its body", () => {
    const source = [
      "select",
      "{% for kind in ['hot', 'cold'] %}",
      "  sum(case when kind = '{{ kind }}' then 1 end) as {{ kind }}_drinks,",
      "  max({{ kind }}) as {{ kind }}_max,",
      "{% endfor %}",
      "  1 as one",
      "from {{ ref('drinks') }}",
    ].join("\n");
    const compiled = [
      "select",
      "",
      "  sum(case when kind = 'hot' then 1 end) as hot_drinks,",
      "  max(hot) as hot_max,",
      "",
      "  sum(case when kind = 'cold' then 1 end) as cold_drinks,",
      "  max(cold) as cold_max,",
      "",
      "  1 as one",
      'from "db"."drinks"',
    ].join("\n");
    expect(origins(source, compiled).filter((each) => !each.startsWith(" <"))).toEqual([
      "select < 1",
      "sum(case when kind = 'hot' then 1 end) as hot_drinks, < 3",
      "max(hot) as hot_max, < 4",
      "sum(case when kind = 'cold' then 1 end) as cold_drinks, < 3",
      "max(cold) as cold_max, < 4",
      "1 as one < 6",
      'from "db"."drinks" < 7',
    ]);
  });

  test("a macro that writes many lines stands at its call", () => {
    const source = "select\n  id,\n  {{ star('a') }}\nfrom a\nwhere x = {{ many() }} and y";
    const compiled = "select\n  id,\n  one,\n  two,\n  three\nfrom a\nwhere x = (\n 1\n) and y";
    expect(sourceLines(source, compiled)).toEqual([0, 1, 2, 2, 2, 3, 4, 4, 4]);
  });

  test("a branch that is left out shifts what follows", () => {
    const source = "select 1\n{% if is_incremental() %}\nwhere a > b\n{% endif %}\nlimit 5\n";
    expect(sourceLines(source, "select 1\n\nlimit 5")).toEqual([0, 1, 4]);
  });

  test("line ends do not matter", () => {
    expect(sourceLines("select 1\r\nfrom {{ x }}\r\n", "select 1\nfrom y\n").slice(0, 2)).toEqual([0, 1]);
  });

  test("any two texts give one line of the source, or none, for each line", () => {
    const line = fc.constantFrom(
      "select",
      "a,",
      "{{ x }}",
      "{% if y %}",
      "from {{ b }}",
      "",
      "{# c",
      "#}",
      "}} {{",
    );
    fc.assert(
      fc.property(fc.array(line), fc.array(line), (source, compiled) => {
        const found = sourceLines(source.join("\n"), compiled.join("\n"));
        expect(found).toHaveLength(Math.max(1, compiled.length));
        expect(found.every((each) => each >= -1 && each < Math.max(1, source.length))).toBe(true);
      }),
    );
  });

  test("thousands of lines that have nothing in common take no noticeable time", () => {
    const many = (word: string): string =>
      Array.from({ length: 4000 }, (_, index) => `${word} ${index} {{ x }}`).join("\n");
    const before = performance.now();
    sourceLines(many("a"), many("b"));
    expect(performance.now() - before).toBeLessThan(5000);
  });
});
