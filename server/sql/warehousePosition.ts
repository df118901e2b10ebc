/** How warehouses name a line of the query, each with the 1-based line first. */
const forms = [
  /\bLINE (\d+):/, // DuckDB, PostgreSQL, Redshift
  /\bline (\d+) at position \d+/i, // Snowflake
  /\bat \[(\d+):\d+\]/, // BigQuery
  /\bline (\d+), pos \d+/i, // Spark, Databricks
  /\bline (\d+):\d+/i, // Trino, Athena
  /\bline (\d+)\b/i, // SQL Server and others
];

/**
 * The line of a query that a warehouse complains of.
 * @param message the warehouse's words. Where they repeat the line's text, as DuckDB and PostgreSQL do, the text decides:
 *   what was sent may have had a comment in front of it.
 * @returns its 0-based line in `sql`; null where the message names none
 */
export function lineInWarehouseMessage(message: string, sql: string): number | null {
  const lines = sql.split(/\r\n|\n/);
  const named = forms.map((form) => form.exec(message)?.[1]).find((line) => line !== undefined);
  if (named === undefined) return null;
  const line = Math.min(Math.max(Number(named) - 1, 0), lines.length - 1);
  const repeated = /\bLINE \d+: (.*)/
    .exec(message)?.[1]
    ?.replace(/^\.\.\.|\.\.\.$/g, "")
    .trim();
  if (!repeated) return line;
  const holding = lines.flatMap((text, index) => (text.includes(repeated) ? [index] : []));
  return holding.toSorted((a, b) => Math.abs(a - line) - Math.abs(b - line))[0] ?? line;
}
