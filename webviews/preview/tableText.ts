import type { PreviewCell, PreviewRows } from "../../protocol/run.ts";

/** Rows as text for other programs. */
type Columns = PreviewRows["columns"];

/** Tab separated, as spreadsheets paste it; a cell with a tab or line break is quoted. */
export function toTsv(rows: readonly (readonly PreviewCell[])[], header?: readonly string[]): string {
  const line = (cells: readonly PreviewCell[]): string =>
    cells.map((cell) => quoted(cellText(cell), /[\t\r\n]/)).join("\t");
  return [...(header ? [line(header)] : []), ...rows.map(line)].join("\n");
}

/** RFC 4180, with a header. NULL is an empty field, an empty text is `""`. */
export function toCsv(rows: readonly (readonly PreviewCell[])[], columns: Columns): string {
  const field = (cell: PreviewCell): string => (cell === "" ? '""' : quoted(cellText(cell), /[",\r\n]/));
  const lines = [columns.map(({ name }) => field(name)), ...rows.map((row) => row.map(field))];
  return lines.map((fields) => `${fields.join(",")}\r\n`).join("");
}

/** An array of objects. Columns of one name get a number, so that none is lost. */
export function toJson(rows: readonly (readonly PreviewCell[])[], columns: Columns): string {
  const names: string[] = [];
  for (const { name } of columns) {
    let unique = name;
    for (let count = 2; names.includes(unique); count += 1) unique = `${name}_${count}`;
    names.push(unique);
  }
  const objects = rows.map((row) =>
    Object.fromEntries(names.map((name, index) => [name, row[index] ?? null])),
  );
  return `${JSON.stringify(objects, null, 2)}\n`;
}

/** NULL is an empty text. */
export function cellText(cell: PreviewCell): string {
  return cell === null ? "" : String(cell);
}

function quoted(text: string, needed: RegExp): string {
  return needed.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
