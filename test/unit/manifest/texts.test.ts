import { describe, expect, test } from "vitest";
import { TextDocument } from "vscode-languageserver-textdocument";
import { type FileSymbol, textSymbols, yamlSymbols } from "../../../server/manifest/documentSymbols.ts";
import { plainMarkdown } from "../../../server/manifest/plainMarkdown.ts";

describe("text from outside, as Markdown", () => {
  test.each([
    ["[run](command:evil)", "\\[run\\]\\(command\\:evil\\)"],
    ["<img src=x onerror=y>", "\\<img src\\=x onerror\\=y\\>"],
    ["![x](http://e.example/a.png)", "\\!\\[x\\]\\(http\\:\\/\\/e\\.example\\/a\\.png\\)"],
    ["# Title\n    code\n```\nx\n```", "\\# Title  \ncode  \n\\`\\`\\`  \nx  \n\\`\\`\\`"],
    ["a\u0000b\u001b[31mc\u202Ed\u009B", "ab\\[31mcd"],
    ["ä 😀 日本", "ä 😀 日本"],
  ])("%j stays text", (text, expected) => {
    expect(plainMarkdown(text)).toBe(expected);
  });
});

function names(symbols: FileSymbol[]): unknown[] {
  return symbols.map(({ name, kind, children }) =>
    children.length > 0 ? [`${kind} ${name}`, names(children)] : `${kind} ${name}`,
  );
}

describe("the outline of a file", () => {
  test("macros, docs and common table expressions", () => {
    const text = `{% macro cents(a) %}
  {{ a }} / 100
{% endmacro %}
{% docs order %}One.{% enddocs %}
with a as (select 1), b as (with c as (select 2) select * from c)
select * from a
`;
    const document = TextDocument.create("file:///a.sql", "sql", 1, text);
    const found = textSymbols(text, (offset) => document.positionAt(offset));
    expect(names(found)).toEqual(["macro cents", "doc order", "cte a", ["cte b", ["cte c"]]]);
    expect(found[0]).toMatchObject({
      start: { line: 0, character: 0 },
      end: { line: 2, character: 14 },
      nameStart: { line: 0, character: 9 },
    });
  });

  test("nodes, columns and tests of YAML, each under what it belongs to", () => {
    const yaml = `models:
  - name: orders
    data_tests: [is_whole]
    columns:
      - name: id
        data_tests: [unique]
sources:
  - name: raw
    tables:
      - name: orders
        columns: [{name: id}]
unit_tests:
  - {name: adds_up, model: orders}
`;
    expect(names(yamlSymbols(yaml))).toEqual([
      ["node orders", ["test is_whole", ["column id", ["test unique"]]]],
      ["source raw", [["source orders", ["column id"]]]],
      "test adds_up",
    ]);
  });
});
