/** A cell that changed, as dbt writes it: expected, arrow, actual. */
const arrow = "→";

/**
 * Reads the table by which dbt says how a unit test's rows differ, into the two texts an editor shows side by side.
 * @param message of dbt, with a table whose header begins with `@@`
 * @returns null where there is no such table: then the message has to do
 */
export function unitTestDiff(message: string): { expected: string; actual: string } | null {
  const lines = message.split(/\r?\n/);
  const start = lines.findIndex((line) => line.startsWith("@@"));
  if (start < 0) return null;
  const [header, ...rows] = lines
    .slice(start)
    .filter((line) => line.trim() !== "")
    .map(cellsOf);
  if (!header) return null;
  const expected: string[][] = [header.slice(1)];
  const actual: string[][] = [header.slice(1)];
  for (const [tag = "", ...cells] of rows) {
    if (tag === "---") expected.push(cells);
    else if (tag === "+++") actual.push(cells);
    else if (tag.includes(arrow)) {
      expected.push(cells.map((cell) => cell.split(arrow)[0] ?? cell));
      actual.push(cells.map((cell) => cell.split(arrow)[1] ?? cell));
    } else {
      expected.push(cells);
      actual.push(cells);
    }
  }
  return { expected: table(expected), actual: table(actual) };
}

/** Cells of one line of CSV, without the spaces that line them up. */
function cellsOf(line: string): string[] {
  const cells = line.matchAll(/(?:^|,)\s*(?:"((?:[^"]|"")*)"|([^,]*))\s*(?=,|$)/g);
  return [...cells].map(([, quoted, plain]) => (quoted?.replaceAll('""', '"') ?? plain ?? "").trim());
}

/** Rows as text whose columns are lined up. */
export function table(rows: readonly (readonly string[])[]): string {
  const widths: number[] = [];
  for (const row of rows) {
    row.forEach((cell, index) => (widths[index] = Math.max(widths[index] ?? 0, cell.length)));
  }
  return rows
    .map((row) =>
      row
        .map((cell, index) => cell.padEnd(widths[index] ?? 0))
        .join(" | ")
        .trimEnd(),
    )
    .join("\n");
}
