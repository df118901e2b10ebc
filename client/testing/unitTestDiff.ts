/**
 * Reads the table by which dbt says how a unit test's rows differ, into the two texts an editor shows side by side: each row
 * on one line, the columns of both lined up alike, so that only what differs is another text.
 * @param message of dbt, with a table whose header begins with `@@`
 * @returns null where there is no such table: then the message has to do
 */
export function unitTestDiff(message: string): { expected: string; actual: string } | null {
  const start = /^@@/m.exec(message)?.index;
  if (start === undefined) return null;
  const [header = [], ...rows] = cellsOf(message.slice(start).trimEnd());
  const expected: string[][] = [header.slice(1)];
  const actual: string[][] = [header.slice(1)];
  for (const [tag = "", ...cells] of rows) {
    if (tag !== "+++") expected.push(cells.map((cell) => sidesOf(cell, tag)[0]));
    if (tag !== "---") actual.push(cells.map((cell) => sidesOf(cell, tag)[1]));
  }
  const widths = widthsOf([...expected, ...actual]);
  return { expected: table(expected, widths), actual: table(actual, widths) };
}

/** A cell as it is expected and as it is. Where they differ, dbt puts an arrow between them, which it also puts before the row. */
function sidesOf(cell: string, tag: string): [string, string] {
  const [before = "", after = before] = tag.endsWith("→") ? cell.split(tag) : [cell];
  return [plainly(before), plainly(after)];
}

/** In rows that are missing or too many, dbt writes values as Python does. */
function plainly(cell: string): string {
  const number = /^Decimal\('(.*)'\)$/.exec(cell)?.[1];
  const date = /^datetime\.date\((\d+), (\d+), (\d+)\)$/.exec(cell);
  return (
    number ??
    date
      ?.slice(1)
      .map((part) => part.padStart(2, "0"))
      .join("-") ??
    cell
  );
}

/** The cells of each line of CSV, without the spaces that line them up; a line break in one is shown. */
function cellsOf(text: string): string[][] {
  const rows: string[][] = [[]];
  for (const [, quoted, plain = "", end] of text.matchAll(
    / *(?:"((?:[^"]|"")*)"|([^,\r\n]*)) *(,|\r?\n|$)/g,
  )) {
    const cell = (quoted?.replaceAll('""', '"') ?? plain).trim();
    rows.at(-1)?.push(cell.replace(/\r\n|\r|\n/g, "↵"));
    if (end === "") break;
    if (end !== ",") rows.push([]);
  }
  return rows;
}

/** Rows as text whose columns are lined up. */
export function table(rows: readonly (readonly string[])[], widths = widthsOf(rows)): string {
  return rows
    .map((row) =>
      row
        .map((cell, index) => cell.padEnd(widths[index] ?? 0))
        .join(" | ")
        .trimEnd(),
    )
    .join("\n");
}

function widthsOf(rows: readonly (readonly string[])[]): number[] {
  const widths: number[] = [];
  for (const row of rows) {
    row.forEach((cell, index) => (widths[index] = Math.max(widths[index] ?? 0, cell.length)));
  }
  return widths;
}
