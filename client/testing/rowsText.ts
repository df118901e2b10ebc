import type { PreviewRows } from "../../protocol/run.ts";
import { shortLine } from "../explorer/plainText.ts";
import { table } from "./unitTestDiff.ts";

const widest = 40;

/** A few rows as text, in lined-up columns. */
export function rowsText({
  columns,
  rows,
  limited,
}: Pick<PreviewRows, "columns" | "rows" | "limited">): string {
  const cells = [
    columns.map(({ name }) => shortLine(name, widest)),
    ...rows.map((row) => row.map((cell) => shortLine(cell === null ? "null" : String(cell), widest))),
  ];
  return [table(cells), ...(limited ? ["…"] : [])].join("\n");
}
