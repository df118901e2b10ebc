import { describe, expect, test } from "vitest";
import { rowsText } from "../../../../client/testing/rowsText.ts";
import { unitTestDiff } from "../../../../client/testing/unitTestDiff.ts";

describe("the difference a unit test found", () => {
  test("is read from dbt's table: changed, missing and unexpected rows", () => {
    const message = [
      "",
      "",
      "actual differs from expected:",
      "",
      "@@ ,lake  ,read_on   ,thinnest_cm,is_open",
      "→  ,Baikal,2025-01-10,21→20      ,True",
      "---,Bled  ,\"datetime.date(2025, 1, 11)\",Decimal('3.50'),false",
      "+++,Como  ,2025-01-12,8          ,",
      "   ,Inari ,2025-01-10,19         ,True",
      "",
    ].join("\r\n");
    expect(unitTestDiff(message)).toEqual({
      expected: [
        "lake   | read_on    | thinnest_cm | is_open",
        "Baikal | 2025-01-10 | 21          | True",
        "Bled   | 2025-01-11 | 3.50        | false",
        "Inari  | 2025-01-10 | 19          | True",
      ].join("\n"),
      actual: [
        "lake   | read_on    | thinnest_cm | is_open",
        "Baikal | 2025-01-10 | 20          | True",
        "Como   | 2025-01-12 | 8           |",
        "Inari  | 2025-01-10 | 19          | True",
      ].join("\n"),
    });
  });

  test("keeps a text of several lines in its row, and what is equal the same on both sides", () => {
    const message =
      'actual differs from expected:\n\n@@ ,name,kind\r\n   ,a   ,x→y \r\n-→ ,"one, unquoted-→two\nlines, ""quoted""",c\r\n\n';
    expect(unitTestDiff(message)).toEqual({
      expected: ["name                | kind", "a                   | x→y", "one, unquoted       | c"].join(
        "\n",
      ),
      actual: ["name                | kind", "a                   | x→y", 'two↵lines, "quoted" | c'].join(
        "\n",
      ),
    });
  });

  test.each(["", "Compilation Error in unit test", "Got 3 results, configured to fail if != 0"])(
    "is not there in “%s”",
    (message) => {
      expect(unitTestDiff(message)).toBeNull();
    },
  );
});

test("failing rows are lined up, cut where they are wide, and say that there are more", () => {
  const text = rowsText({
    columns: [
      { name: "order_id", type: "INTEGER" },
      { name: "note", type: "VARCHAR" },
    ],
    rows: [
      [1, null],
      [12345678901, "x".repeat(60)],
    ],
    limited: true,
  });
  expect(text).toBe(
    ["order_id    | note", "1           | null", `12345678901 | ${"x".repeat(39)}…`, "…"].join("\n"),
  );
});
