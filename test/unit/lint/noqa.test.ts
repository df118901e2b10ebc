import { describe, expect, test } from "vitest";
import { TextDocument } from "vscode-languageserver-textdocument";
import { noqaEdit } from "../../../server/lint/noqa.ts";

function withNoqa(text: string, line: number, rule = "LT01"): string | null {
  const document = TextDocument.create("file:///a.sql", "sql", 1, text);
  const edit = noqaEdit(document, line, rule);
  return edit && TextDocument.applyEdits(document, [edit]);
}

describe("noqaEdit", () => {
  test.each([
    ["a plain line", "select 1\n", "select 1 -- noqa: LT01\n"],
    ["trailing spaces", "select 1  \n", "select 1 -- noqa: LT01\n"],
    ["CRLF", "select 1\r\nfrom a\r\n", "select 1 -- noqa: LT01\r\nfrom a\r\n"],
    ["an empty line", "\nselect 1", "-- noqa: LT01\nselect 1"],
    ["another comment", "select 1 -- one\n", "select 1 -- one -- noqa: LT01\n"],
    ["a list", "select 1 -- noqa: CP01\n", "select 1 -- noqa: CP01,LT01\n"],
    [
      "a list after a comment",
      "select 1 -- one -- noqa: CP01, ST06\n",
      "select 1 -- one -- noqa: CP01, ST06,LT01\n",
    ],
    ["dashes in a string", "select '--' as a\n", "select '--' as a -- noqa: LT01\n"],
    ["dashes in Jinja", "select {{ a --}} as b\n", "select {{ a --}} as b -- noqa: LT01\n"],
    ["Jinja that ends on the line", "{{ config() }}\n", "{{ config() }} -- noqa: LT01\n"],
    ["a Jinja comment that ends on the line", "select 1 {# one #}\n", "select 1 {# one #} -- noqa: LT01\n"],
    [
      "an apostrophe in a comment of an earlier line",
      "-- it's\nselect 1\n",
      "-- it's -- noqa: LT01\nselect 1\n",
    ],
  ])("%s", (_what, text, expected) => {
    expect(withNoqa(text, 0)).toBe(expected);
  });

  test("an apostrophe in a comment above does not open a string", () => {
    expect(withNoqa("-- it's\nselect 1", 1)).toBe("-- it's\nselect 1 -- noqa: LT01");
  });

  test.each([
    ["Jinja goes on", "{{ config(\n  a=1\n) }}\n", 0],
    ["within Jinja", "{{ config(\n  a=1\n) }}\n", 1],
    ["a block comment goes on", "/* one\ntwo */\n", 0],
    ["a string goes on", "select 'one\ntwo'\n", 0],
    ["Jinja in a comment goes on", "-- {{ config(\n) }}\n", 0],
    ["everything is passed over already", "select 1 -- noqa\n", 0],
    ["the rule is passed over already", "select 1 -- noqa: LT01\n", 0],
    ["a range directive", "select 1 -- noqa: disable=LT02\n", 0],
  ])("nothing can be added where %s", (_what, text, line) => {
    expect(withNoqa(text, line)).toBeNull();
  });
});
