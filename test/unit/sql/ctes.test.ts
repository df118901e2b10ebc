import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { cteAt, cteNamed, cteQuery, ctesOf } from "../../../server/sql/ctes.ts";

const names = (text: string): string[] => ctesOf(text).map(({ name }) => name);
const query = (text: string, name: string): string => {
  const cte = cteNamed(ctesOf(text), name);
  if (!cte) throw new Error(`no CTE ${name}`);
  return cteQuery(text, cte);
};

describe("CTEs of a text", () => {
  test.each<[string, string, string[]]>([
    ["none", "select 1", []],
    ["two", "with a as (select 1), b as (select 2) select * from a", ["a", "b"]],
    [
      "columns and hints",
      "WITH a (x, y) AS MATERIALIZED (select 1), b as not materialized (select 2)",
      ["a", "b"],
    ],
    ["recursive", "with recursive a as (select 1) select 1", ["a"]],
    ["quoted names", 'with "a b" as (select 1), `c` as (select 2) select 1', ['"a b"', "`c`"]],
    ["a with in a CTE", "with a as (with b as (select 1) select * from b) select * from a", ["a", "b"]],
    ["a with in a subquery", "select * from (with b as (select 1) select * from b) as c", ["b"]],
    ["a trailing comma", "with a as (select 1), select * from a", ["a"]],
    [
      "brackets in literals",
      "with a as (select ')', $$)$$, \"(\" from t), b as (select 1) select 1",
      ["a", "b"],
    ],
    ["brackets in comments", "with a as (select 1 -- )\n), /* ( */ b as (select 1) select 1", ["a", "b"]],
    ["brackets in Jinja", "with a as (select {{ f(')') }} {# ) #}), b as (select 1)", ["a", "b"]],
    ["quotes in Jinja in a literal", "with a as (select '{{ var('x') }}'), b as (select 1)", ["a", "b"]],
    ["a name of Jinja", "with a_{{ x }} as (select 1), b as (select 1) select 1", ["b"]],
    ["CTEs of a macro", "with {{ imports() }}, b as (select 1) select 1", ["b"]],
    ["a loop", "with {% for i in r %} a as (select 1), {% endfor %} b as (select 1) select 1", ["b"]],
    ["a condition", "with {% if x %} a as (select 1), {% endif %} b as (select 1) select 1", ["a", "b"]],
    [
      "brackets of two branches",
      "with a as {% if x %}(select 1{% else %}(select 2{% endif %}), b as (select 1)",
      ["a", "b"],
    ],
    [
      "a macro's definition",
      "{% macro m() %} with a as (select 1) {% endmacro %} with b as (select 1)",
      ["b"],
    ],
    [
      "a block set",
      "{% set q %} with a as (select 1) {% endset %}{% set y = 1 %} with b as (select 1)",
      ["b"],
    ],
    ["raw", "{% raw %} with a as (select '{{') {% endraw %} select 1", ["a"]],
    ["not closed", "with a as (select 1), b as (select", ["a"]],
    ["another with", "select * from unnest(x) with offset as pos where y in (select 1)", []],
    ["time zones", "select x::timestamp with time zone as (y)", []],
    ["letters beyond ASCII", "with größe as (select 1), 列 as (select 2) select 1", ["größe", "列"]],
  ])("%s", (_what, text, expected) => {
    expect(names(text)).toEqual(expected);
  });

  test("a range goes from the name to the closing bracket", () => {
    const text = "with a as (select 1),\nb as (\n  select 2\n)\nselect * from b";
    expect(ctesOf(text).map(({ start, end }) => text.slice(start, end))).toEqual([
      "a as (select 1)",
      "b as (\n  select 2\n)",
    ]);
  });

  test("the one at the cursor is the innermost", () => {
    const text = "with a as (with b as (select 1) select * from b) select * from a";
    const ctes = ctesOf(text);
    expect(cteAt(ctes, text.indexOf("select 1"))?.name).toBe("b");
    expect(cteAt(ctes, text.indexOf("from b"))?.name).toBe("a");
    expect(cteAt(ctes, text.length)).toBeNull();
  });

  test("of two of one name, the nearest", () => {
    const text = "with a as (with x as (select 1) select 1), b as (with X as (select 2) select 1) select 1";
    const ctes = ctesOf(text);
    expect(cteNamed(ctes, "x", text.indexOf("select 2"))?.start).toBe(text.indexOf("X as"));
    expect(cteNamed(ctes, '"X"')?.start).toBe(text.indexOf("x as"));
  });
});

describe("the query of a CTE", () => {
  test("is the text until its end, and a select", () => {
    const text = "{{ config(x=1) }}\nwith a as (select 1),\nb as (select * from a)\nselect * from b";
    expect(query(text, "b")).toBe(
      "{{ config(x=1) }}\nwith a as (select 1),\nb as (select * from a)\nselect * from b",
    );
    expect(query(text, "a")).toBe("{{ config(x=1) }}\nwith a as (select 1)\nselect * from a");
  });

  test("closes the blocks it stands in", () => {
    const text = "with a as (select 1){% if x %}, b as (select 2){% endif %} select 1";
    expect(query(text, "b")).toBe(
      "with a as (select 1){% if x %}, b as (select 2)\n{% endif %}\nselect * from b",
    );
  });

  test("of a snapshot leaves its tag out, line for line", () => {
    const text = "{% snapshot s %}\nwith a as (select 1) select * from a\n{% endsnapshot %}";
    expect(query(text, "a")).toBe("\nwith a as (select 1)\nselect * from a");
  });

  test("of a with in a CTE has what comes before, and not the CTE around it", () => {
    const text =
      "{% set t = 1 %}with z as (select 0), a as (with b as (select * from z), c as (select * from b) select * from c) select 1";
    expect(query(text, "c")).toBe(
      [
        "{% set t = 1 %}",
        "with",
        " z as (select 0)",
        ",",
        " b as (select * from z), c as (select * from b)",
        "select * from c",
      ].join("\n"),
    );
  });

  test("of a with in a subquery sees all of the query's own", () => {
    const text =
      "with z as (select 0) select * from (with recursive b as (select * from z) select * from b) as t";
    expect(query(text, "b")).toBe(
      ["with recursive", " z as (select 0)", ",", " b as (select * from z)", "select * from b"].join("\n"),
    );
  });
});

describe("whatever the text is", () => {
  const piece = fc.constantFrom(
    ..."with |recursive |as |a|b|é|x1|(|)|,|;|'|\"|`|$$|--|/*|*/|\n|\r\n| |{{|}}|{%|%}|{#|#}".split("|"),
    ..."{% if x %}|{% else %}|{% endif %}|{% for i in y %}|{% endfor %}|{% set q %}|{% endset %}".split("|"),
    ..."{% raw %}|{% endraw %}|{% macro m() %}|{% endmacro %}|{{ ref('a') }}|with a as (|select 1|)".split(
      "|",
    ),
  );
  const wild = fc.array(fc.oneof({ weight: 9, arbitrary: piece }, fc.string({ unit: "binary" })), {
    maxLength: 60,
  });

  test("it never throws, and every range is one", () => {
    fc.assert(
      fc.property(wild, (pieces) => {
        const text = pieces.join("");
        for (const cte of ctesOf(text)) {
          expect(text.slice(cte.start, cte.start + cte.name.length)).toBe(cte.name);
          expect(text[cte.end - 1]).toBe(")");
          expect(cteQuery(text, cte).endsWith(`\nselect * from ${cte.name}`)).toBe(true);
        }
      }),
      { numRuns: 2000 },
    );
  });

  test("ranges nest or follow each other", () => {
    fc.assert(
      fc.property(wild, (pieces) => {
        const ctes = ctesOf(pieces.join(""));
        for (const [index, cte] of ctes.entries()) {
          for (const next of ctes.slice(index + 1)) {
            expect(next.start >= cte.end || next.end < cte.end).toBe(true);
          }
        }
      }),
    );
  });

  test("what is written is found, where it is written", () => {
    const filler = fc.constantFrom(
      "select 1",
      "select ')' as x",
      "select (1 + (2)) -- )\n",
      "select {{ f('(') }} /* ( */",
      "select '{{ var('(') }}'",
      "select 1 {% if x %} where (y) {% else %} where (z) {% endif %}",
    );
    interface Written {
      name: string;
      inner: Written[];
      body: string;
    }
    const { list } = fc.letrec<{ list: Written[]; cte: Written }>((tie) => ({
      list: fc.oneof({ maxDepth: 3 }, fc.constant<Written[]>([]), fc.array(tie("cte"), { maxLength: 3 })),
      cte: fc.record({
        name: fc.stringMatching(/^cte_[a-z]{1,6}$/),
        inner: tie("list"),
        body: filler,
      }),
    }));
    const write = (ctes: readonly Written[], body: string, found: string[]): string => {
      if (ctes.length === 0) return body;
      const parts = ctes.map((cte) => {
        found.push(cte.name);
        return `${cte.name} as (\n${write(cte.inner, cte.body, found)}\n)`;
      });
      return `with ${parts.join(",\n")} ${body}`;
    };
    fc.assert(
      fc.property(list, filler, (ctes, body) => {
        const expected: string[] = [];
        const text = write(ctes, body, expected);
        expect(names(text)).toEqual(expected);
      }),
    );
  });

  test("a long text is read in its length", () => {
    const many = `with ${Array.from({ length: 5000 }, (_, index) => `c${index} as (select ((1)))`).join(",\n")} select 1`;
    expect(ctesOf(many)).toHaveLength(5000);
    expect(ctesOf("(".repeat(200_000))).toEqual([]);
    expect(ctesOf("{{ ( ".repeat(20_000))).toEqual([]);
    expect(ctesOf("with a as (".repeat(20_000))).toEqual([]);
  }, 5_000);
});
