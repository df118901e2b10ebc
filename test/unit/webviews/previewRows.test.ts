import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { PreviewCell, PreviewRows } from "../../../protocol/run.ts";
import { isNumeric, nextSort, rowOrder } from "../../../webviews/preview/rowOrder.ts";
import { toCsv, toJson, toTsv } from "../../../webviews/preview/tableText.ts";

function result(types: (string | null)[], rows: PreviewCell[][]): PreviewRows {
  const columns = types.map((type, index) => ({ name: `c${index}`, type }));
  return { columns, rows, sql: "", seconds: 0, limit: 500, limited: false, target: null };
}
const sorted = (rows: PreviewRows, column: number, descending = false): PreviewCell[] =>
  rowOrder(rows, "", { column, descending }).map((index) => rows.rows[index]?.[column] ?? null);

describe("the order of rows", () => {
  test("numbers as numbers, also those no double holds; NULL last either way", () => {
    const rows = result(["DECIMAL(38,0)"], [["9007199254740993"], [10], ["9007199254740992"], [null], ["9"]]);
    expect(sorted(rows, 0)).toEqual(["9", 10, "9007199254740992", "9007199254740993", null]);
    expect(sorted(rows, 0, true)).toEqual(["9007199254740993", "9007199254740992", 10, "9", null]);
  });

  test("numbers that are none, or have no end, stay in order with the others; NaN after all of them", () => {
    const rows = result(
      ["double precision"],
      [["NaN"], [3], ["-inf"], [-20], [null], ["Infinity"], [-5], ["nan"]],
    );
    expect(sorted(rows, 0)).toEqual(["-inf", -20, -5, 3, "Infinity", "NaN", "nan", null]);
    expect(isNumeric(result([null], [["nan"], ["inf"]]), 0)).toBe(false);
    // An interval and a list have "int" in the names of their types.
    for (const type of ["interval", "integer[]"]) expect(isNumeric(result([type], [[null]]), 0)).toBe(false);
  });

  test("texts as a person sorts them, equal ones as the query gave them", () => {
    const rows = result(
      [null, null],
      [
        ["b", 1],
        ["a", 2],
        ["B", 3],
        ["a", 4],
        ["item 10", 5],
        ["item 9", 6],
      ],
    );
    expect(rowOrder(rows, "", { column: 0, descending: false })).toEqual([1, 3, 0, 2, 5, 4]);
    expect(rowOrder(rows, "", { column: 0, descending: true })).toEqual([4, 5, 2, 0, 1, 3]);
  });

  test("what looks like numbers in a column of text stays text", () => {
    expect(isNumeric(result(["VARCHAR"], [["1"], ["2"]]), 0)).toBe(false);
    expect(isNumeric(result([null], [["1"], [null], ["2.5e3"]]), 0)).toBe(true);
    expect(isNumeric(result([null], [["1"], ["x"]]), 0)).toBe(false);
    expect(isNumeric(result(["INTEGER"], []), 0)).toBe(true);
  });

  test("the filter: every word in some cell, whatever its case", () => {
    const rows = result(
      [null, null],
      [
        ["Anna", 12],
        ["Bob", null],
        ["Annabel", 7],
      ],
    );
    expect(rowOrder(rows, "anna", null)).toEqual([0, 2]);
    expect(rowOrder(rows, " ANNA  7 ", null)).toEqual([2]);
    expect(rowOrder(rows, "null", null)).toEqual([1]);
    expect(rowOrder(rows, "", null)).toEqual([0, 1, 2]);
  });

  test("a header is clicked: rising, falling, as it was", () => {
    const first = nextSort(null, 1);
    const second = nextSort(first, 1);
    expect([first, second, nextSort(second, 1)]).toEqual([
      { column: 1, descending: false },
      { column: 1, descending: true },
      null,
    ]);
    expect(nextSort(second, 0)).toEqual({ column: 0, descending: false });
  });

  test("no row is lost or doubled, whatever is in it", () => {
    const cell = fc.oneof(fc.constant(null), fc.boolean(), fc.double(), fc.string(), fc.bigInt().map(String));
    fc.assert(
      fc.property(fc.array(fc.tuple(cell, cell)), fc.boolean(), (rows, descending) => {
        const order = rowOrder(result([null, "INTEGER"], rows), "", { column: 0, descending });
        expect(order.toSorted((a, b) => a - b)).toEqual(rows.map((_row, index) => index));
      }),
    );
  });
});

describe("rows as text", () => {
  const columns = [
    { name: "a", type: null },
    { name: "b", type: null },
    { name: "a", type: null },
  ];
  const rows: PreviewCell[][] = [
    [1, 'x,"y"', null],
    [true, "line\nbreak", ""],
  ];

  test("CSV", () => {
    expect(toCsv(rows, columns)).toBe('a,b,a\r\n1,"x,""y""",\r\ntrue,"line\nbreak",""\r\n');
  });

  test("TSV", () => {
    expect(toTsv(rows, ["a", "b", "a"])).toBe('a\tb\ta\n1\tx,"y"\t\ntrue\t"line\nbreak"\t');
  });

  test("one cell alone, as it is", () => {
    expect(toTsv([['line\n"break"']])).toBe('line\n"break"');
    expect(toTsv([[null]])).toBe("");
  });

  test("JSON of numbers as far as they are exact, of lists and structs, with the columns in their order", () => {
    const columns = [
      ["2", "decimal(9,2)"],
      ["1", "hugeint"],
      ["few", "decimal(38,9)"],
      ["list", "integer[]"],
      ["struct", "struct(a integer)"],
      ["document", "json"],
      ["text", "varchar"],
      ["odd", "double"],
    ].map(([name = "", type = ""]) => ({ name, type }));
    const text = toJson(
      [
        [
          "1.50",
          "9007199254740993",
          "0.123456789",
          "[1, null]",
          '{"a": 9007199254740993}',
          "{",
          "[1]",
          "nan",
        ],
      ],
      columns,
    );
    expect(text).toBe(`[
  {
    "2": 1.50,
    "1": "9007199254740993",
    "few": 0.123456789,
    "list": [1, null],
    "struct": {"a": 9007199254740993},
    "document": "{",
    "text": "[1]",
    "odd": "nan"
  }
]
`);
    expect(toJson([], columns)).toBe("[]\n");
  });

  test("JSON, with every column", () => {
    expect(JSON.parse(toJson(rows, columns))).toEqual([
      { a: 1, b: 'x,"y"', a_2: null },
      { a: true, b: "line\nbreak", a_2: "" },
    ]);
  });
});
