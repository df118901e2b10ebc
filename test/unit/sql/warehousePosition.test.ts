import { describe, expect, test } from "vitest";
import { lineInWarehouseMessage } from "../../../server/sql/warehousePosition.ts";

const sql = "select\n    a,\n    b\nfrom t";

describe("the line a warehouse complains of", () => {
  test.each([
    ["DuckDB", "Catalog Error: no table t\n\nLINE 4: from t\n             ^", 3],
    ["DuckDB, with dbt's comment in front of the query", "Parser Error: no\n\nLINE 4:     b\n      ^", 2],
    ["PostgreSQL", 'column "b" does not exist\nLINE 3:     b\n            ^', 2],
    ["Snowflake", "SQL compilation error: error line 2 at position 4\ninvalid identifier 'A'", 1],
    ["BigQuery", "Unrecognized name: a at [2:5]", 1],
    ["Databricks", "[PARSE_SYNTAX_ERROR] near 'b'(line 3, pos 4)", 2],
    ["Trino", "line 2:5: Column 'a' cannot be resolved", 1],
    ["a line beyond the query", "syntax error at line 99", 3],
    ["none", "Connection refused", null],
  ])("%s", (_warehouse, message, line) => {
    expect(lineInWarehouseMessage(message, sql)).toBe(line);
  });
});
