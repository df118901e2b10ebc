import type { PreviewCell, PreviewRows } from "../../protocol/run.ts";
import { nestedType, numericType } from "./columnTypes.ts";

/** Rows as text for other programs. */
type Columns = PreviewRows["columns"];

/** Tab separated, as spreadsheets paste it; a cell with a tab or line break is quoted, but for one that is alone. */
export function toTsv(rows: readonly (readonly PreviewCell[])[], header?: readonly string[]): string {
  const [first = []] = rows;
  if (!header && rows.length === 1 && first.length === 1) return cellText(first[0] ?? null);
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

/**
 * An array of objects, with the columns in their order; those of one name get a number, so that none is lost. Decimals are
 * numbers where any reader of JSON has all of their digits, else text; lists, structs and documents are JSON of their own.
 */
export function toJson(rows: readonly (readonly PreviewCell[])[], columns: Columns): string {
  const names: string[] = [];
  for (const { name } of columns) {
    let unique = name;
    for (let count = 2; names.includes(unique); count += 1) unique = `${name}_${count}`;
    names.push(unique);
  }
  const objects = rows.map((row) => {
    const fields = columns.map(
      ({ type }, index) => `    ${JSON.stringify(names[index])}: ${jsonOf(row[index] ?? null, type ?? "")}`,
    );
    return `  {\n${fields.join(",\n")}\n  }`;
  });
  return objects.length === 0 ? "[]\n" : `[\n${objects.join(",\n")}\n]\n`;
}

/** A JSON number of no more digits than a double keeps. */
const exactNumber = /^-?(?!(?:\D*\d){16})(?:0|[1-9]\d*)(?:\.\d+)?$/;

function jsonOf(cell: PreviewCell, type: string): string {
  if (typeof cell !== "string") return JSON.stringify(cell);
  if (numericType.test(type) && exactNumber.test(cell)) return cell;
  return nestedType.test(type) && isJson(cell) ? cell : JSON.stringify(cell);
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

/** NULL is an empty text. */
export function cellText(cell: PreviewCell): string {
  return cell === null ? "" : String(cell);
}

function quoted(text: string, needed: RegExp): string {
  return needed.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
