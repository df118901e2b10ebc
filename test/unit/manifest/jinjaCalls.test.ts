import { describe, expect, test } from "vitest";
import { callAt, jinjaCalls, spotAt } from "../../../server/manifest/jinjaCalls.ts";

function calls(text: string, bare = false): string[] {
  return jinjaCalls(text, { bare }).map(
    ({ name, packageName, args, version }) =>
      `${packageName === undefined ? "" : `${packageName}.`}${name}(${args.map((arg) => arg?.text ?? "?").join(", ")})${version === undefined ? "" : ` v${version}`}`,
  );
}

describe("calls in Jinja", () => {
  test.each([
    ["select * from {{ ref('a') }} join {{ ref(\"pkg\", 'b') }}", ["ref(a)", "ref(pkg, b)"]],
    ["{{ ref('m', v=2) }} {{ ref('m', version='2') }}", ["ref(m) v2", "ref(m) v2"]],
    ["{% set x = dbt_utils.star(from=ref('a')) %}", ["dbt_utils.star()", "ref(a)"]],
    ["{{ cents(ref('a').amount, 'x' ~ 'y') }}", ["cents(?, ?)", "ref(a)"]],
    ["{# {{ ref('a') }} #} ref('b') -- {{ ref('c') }}", ["ref(c)"]],
    ["{{ ref('a' }} {{ source('x',\n 'y') }}", ["ref(a)", "source(x, y)"]],
    ["{{ 'ref(x)' }} it's {{ ref('é😀') }}", ["ref(é😀)"]],
    ["{{ ref('open\nselect 1 {{ ref('b') }}", ["ref(?)", "ref(b)"]],
    ["{%- call statement('q') -%}{%- endcall -%}", ["statement(q)"]],
  ])("%j", (text, expected) => {
    expect(calls(text)).toEqual(expected);
  });

  test("in YAML they stand outside of Jinja, too", () => {
    const yaml = "# it's\nto: ref('a')\ndepends_on: [source('x', 'y')]\ndescription: \"{{ doc('z') }}\"\n";
    expect(calls(yaml, true)).toEqual(["ref(a)", "source(x, y)", "doc(z)"]);
  });

  test("the call at an offset, by its name and by its texts", () => {
    const text = "{{ f(ref('abc')) }}";
    const all = jinjaCalls(text, { bare: false });
    expect(callAt(all, text.indexOf("ref") + 1)).toMatchObject({ call: { name: "ref" }, index: -1 });
    expect(callAt(all, text.indexOf("abc"))).toMatchObject({ call: { name: "ref" }, index: 0 });
    expect(callAt(all, text.indexOf("f("))).toMatchObject({ call: { name: "f" } });
    expect(callAt(all, 0)).toBeNull();
  });
});

describe("what is typed", () => {
  function spot(marked: string, bare = false): string {
    const offset = marked.indexOf("|");
    const found = spotAt(marked.replace("|", ""), offset, { bare });
    if (!found) return "nothing";
    if (found.kind === "name") return `name ${found.packageName ?? ""}@${found.start}`;
    const { call, index, kind } = found;
    return `${kind} ${index} of ${call.name}(${call.args.map((arg) => arg?.text ?? "?").join(",")})`;
  }

  test.each([
    ["{{ ref('|", "text 0 of ref()"],
    ["{{ ref('or|') }}", "text 0 of ref()"],
    ["{{ ref('pkg', 'o|') }}", "text 1 of ref(pkg)"],
    ["{{ ref(|) }}", "argument 0 of ref()"],
    ["{{ source('raw', |) }}", "argument 1 of source(raw)"],
    ["{{ cents(ref('a'), var('|')) }}", "text 0 of var()"],
    ["{{ ce|", "name @3"],
    ["{{ dbt_utils.st|", "name dbt_utils@13"],
    ["{{ dbt_utils.|", "name dbt_utils@13"],
    ["{% if |", "name @6"],
    ["{{ 'text|' }}", "nothing"],
    ["{{ ref('a') }} sel|", "nothing"],
    ["{# ref('|", "nothing"],
    ["select 'a|'", "nothing"],
  ])("%j is %s", (marked, expected) => {
    expect(spot(marked)).toBe(expected);
  });

  test.each([
    ["to: ref('|')", "text 0 of ref()"],
    ["- source('raw', '|", "text 1 of source(raw)"],
    ["description: \"{{ doc('|') }}\"", "text 0 of doc()"],
    ["description: it's |", "nothing"],
    ["name: or|", "nothing"],
  ])("in YAML %j is %s", (marked, expected) => {
    expect(spot(marked, true)).toBe(expected);
  });
});
