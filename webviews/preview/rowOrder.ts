import type { PreviewCell, PreviewRows } from "../../protocol/run.ts";
import { numericType } from "./columnTypes.ts";
import { cellText } from "./tableText.ts";

export interface Sort {
  column: number;
  descending: boolean;
}

const plainNumber = /^[-+]?(?:\d+\.?\d*|\.\d+)(?:e[-+]?\d+)?$/i;
/** How Python and PostgreSQL write what JSON has no number for. */
const notFinite = /^(?:[-+]?inf(?:inity)?|nan)$/i;

/** Whether a column holds numbers, also those that came as text because no double can hold them. */
export function isNumeric({ columns, rows }: PreviewRows, column: number): boolean {
  const type = columns[column]?.type;
  if (type != null && type !== "" && !numericType.test(type)) return false;
  let found = false;
  for (const row of rows) {
    const cell = row[column] ?? null;
    if (cell === null) continue;
    if (typeof cell === "string" && notFinite.test(cell)) continue;
    if (typeof cell !== "number" && !(typeof cell === "string" && plainNumber.test(cell))) return false;
    found = true;
  }
  return found || (type != null && numericType.test(type));
}

/**
 * Which rows are shown, in which order: those that hold every word of the filter in some cell, sorted by a column.
 * NULLs are last either way; equal rows stay in the query's order.
 * @returns indexes into `result.rows`
 */
export function rowOrder(result: PreviewRows, filter: string, sort: Sort | null): number[] {
  const words = filter.toLowerCase().split(/\s+/).filter(Boolean);
  const indexes = result.rows.flatMap((row, index) => (holdsAll(row, words) ? [index] : []));
  if (!sort) return indexes;
  const compare = isNumeric(result, sort.column) ? compareNumbers : compareTexts;
  const cell = (index: number): PreviewCell => result.rows[index]?.[sort.column] ?? null;
  return indexes.sort((a, b) => {
    const [left, right] = [cell(a), cell(b)];
    if (left === null || right === null) return Number(left === null) - Number(right === null) || a - b;
    return (sort.descending ? -1 : 1) * compare(left, right) || a - b;
  });
}

/** The next of: rising, falling, as the query gave it. */
export function nextSort(sort: Sort | null, column: number): Sort | null {
  if (sort?.column !== column) return { column, descending: false };
  return sort.descending ? null : { column, descending: true };
}

function holdsAll(row: readonly PreviewCell[], words: readonly string[]): boolean {
  if (words.length === 0) return true;
  const texts = row.map((cell) => (cell === null ? "null" : cellText(cell).toLowerCase()));
  return words.every((word) => texts.some((text) => text.includes(word)));
}

function compareNumbers(a: Exclude<PreviewCell, null>, b: Exclude<PreviewCell, null>): number {
  const [first, second] = [numberOf(a), numberOf(b)];
  if (Number.isNaN(first) || Number.isNaN(second))
    return Number(Number.isNaN(first)) - Number(Number.isNaN(second));
  if (first !== second) return first < second ? -1 : 1;
  // Whole numbers that differ beyond what a double holds.
  const [left, right] = [String(a), String(b)];
  const whole = /^-?\d+$/;
  if (left === right || !whole.test(left) || !whole.test(right)) return 0;
  return BigInt(left) < BigInt(right) ? -1 : 1;
}

function numberOf(cell: Exclude<PreviewCell, null>): number {
  const sign = typeof cell === "string" ? /^([-+]?)inf/i.exec(cell)?.[1] : undefined;
  if (sign === undefined) return Number(cell);
  return sign === "-" ? -Infinity : Infinity;
}

const collator = new Intl.Collator(undefined, { numeric: true });

function compareTexts(a: Exclude<PreviewCell, null>, b: Exclude<PreviewCell, null>): number {
  if (typeof a === "number" && typeof b === "number") return a - b;
  return collator.compare(String(a), String(b));
}
