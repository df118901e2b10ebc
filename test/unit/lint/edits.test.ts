import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { TextDocument } from "vscode-languageserver-textdocument";
import { editsBetween, editsInLines } from "../../../server/lint/edits.ts";
import { comparePositions } from "../../../server/lint/positions.ts";

const documentOf = (text: string): TextDocument => TextDocument.create("file:///a.sql", "sql", 1, text);
const applied = (document: TextDocument, fixed: string): string =>
  TextDocument.applyEdits(document, editsBetween(document, fixed));

/** Few different lines, so that lines come again, move and differ by a character. */
const line = fc.oneof(
  fc.constantFrom("", " ", "select 1", "SELECT 1", "from a", "-- é", "😀 x", "😁 x", "{{ ref('a') }}"),
  fc.string({ maxLength: 8, unit: "binary" }).map((text) => text.replace(/[\r\n\ufeff]/g, "")),
);
const lines = fc.array(line, { minLength: 1, maxLength: 12 });

describe("editsBetween", () => {
  test.each(["\n", "\r\n"])("makes exactly the fixed text, with the document's line end %j", (eol) => {
    fc.assert(
      fc.property(lines, lines, (before, after) => {
        const document = documentOf(before.join(eol));
        // A text of one line has no line end of its own.
        const its = before.length > 1 ? eol : "\n";
        expect(applied(document, after.join("\n"))).toBe(after.join(its));
      }),
      { numRuns: 600 },
    );
  });

  test("edits are in order, do not overlap and each change something", () => {
    fc.assert(
      fc.property(lines, lines, (before, after) => {
        const document = documentOf(before.join("\n"));
        const edits = editsBetween(document, after.join("\n"));
        for (const [index, edit] of edits.entries()) {
          expect(document.getText(edit.range)).not.toBe(edit.newText);
          const next = edits[index + 1];
          if (next) expect(comparePositions(edit.range.end, next.range.start)).toBeLessThanOrEqual(0);
        }
      }),
      { numRuns: 600 },
    );
  });

  test("a text that stays as it is gets no edits, whatever its line ends", () => {
    fc.assert(
      fc.property(lines, fc.array(fc.constantFrom("\n", "\r\n")), (texts, ends) => {
        const text = texts.map((each, index) => each + (ends[index % (ends.length || 1)] ?? "\n")).join("");
        expect(editsBetween(documentOf(text), text.replaceAll("\r\n", "\n"))).toEqual([]);
      }),
    );
  });

  test("only the characters that changed are touched", () => {
    const document = documentOf("select a\nfrom  orders\nwhere x\n");
    expect(editsBetween(document, "select a\nfrom orders\nwhere x\n")).toEqual([
      { range: { start: { line: 1, character: 5 }, end: { line: 1, character: 6 } }, newText: "" },
    ]);
  });

  test("a character outside the basic plane is never cut in two", () => {
    const document = documentOf("select '😀'");
    expect(editsBetween(document, "select '😁'")).toEqual([
      { range: { start: { line: 0, character: 8 }, end: { line: 0, character: 10 } }, newText: "😁" },
    ]);
  });

  test("a byte order mark the editor does not show is not put into the text", () => {
    expect(applied(documentOf("SELECT 1"), "\ufeffselect 1")).toBe("select 1");
    expect(applied(documentOf("\ufeffSELECT 1"), "select 1")).toBe("\ufeffselect 1");
  });

  test("lines that stay keep the line end they have in a file of both kinds", () => {
    expect(applied(documentOf("a\r\nb\nc  \r\n"), "a\nb\nc\n")).toBe("a\r\nb\nc\r\n");
  });

  test("a text with every one of 20,000 lines changed is done in time", () => {
    const before = Array.from({ length: 20_000 }, (_, index) => `SELECT ${index}`).join("\n");
    expect(applied(documentOf(before), before.toLowerCase())).toBe(before.toLowerCase());
  });
});

describe("editsInLines", () => {
  const edits = editsBetween(documentOf("A\nB\nC"), "a\nb\nc");

  test("takes the edits of the lines that are selected", () => {
    const range = { start: { line: 1, character: 0 }, end: { line: 1, character: 1 } };
    expect(editsInLines(edits, range).map((edit) => edit.newText)).toEqual(["b"]);
  });

  test("a selection that ends at the start of a line leaves that line alone", () => {
    const range = { start: { line: 0, character: 0 }, end: { line: 1, character: 0 } };
    expect(editsInLines(edits, range).map((edit) => edit.newText)).toEqual(["a"]);
  });
});
