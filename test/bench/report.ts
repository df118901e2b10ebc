import { cpus, totalmem } from "node:os";
import { median, type Samples } from "./measure.ts";

/** One line of the table: ours against theirs, or a figure of ours that stands alone. */
export interface Row {
  what: string;
  ours: Samples;
  theirs?: Samples;
  /** At least so many times faster than theirs; below 1 is "no slower than by so much". */
  atLeast?: number;
  /** At most so many milliseconds. */
  atMost?: number;
}

export interface Report {
  title: string;
  rows: Row[];
  /** Figures that are no times (how many lints, megabytes) and what has to be known to read the table. */
  notes: string[];
}

/** How many times faster ours is; null where it stands alone. */
export const ratioOf = ({ ours, theirs }: Row): number | null =>
  theirs ? median(theirs.milliseconds) / median(ours.milliseconds) : null;

export function isMet(row: Row): boolean | null {
  const ratio = ratioOf(row);
  if (row.atLeast !== undefined && ratio !== null) return ratio >= row.atLeast;
  if (row.atMost !== undefined) return median(row.ours.milliseconds) <= row.atMost;
  return null;
}

export function reportMarkdown(report: Report): string {
  const lines = [
    `### ${report.title}`,
    "",
    "| | Floe dbt | against | ratio | goal | n |",
    "|---|---|---|---|---|---|",
    ...report.rows.map(rowMarkdown),
    ...(report.notes.length > 0 ? ["", ...report.notes.map((note) => `- ${note}`)] : []),
  ];
  return lines.join("\n");
}

function rowMarkdown(row: Row): string {
  const ratio = ratioOf(row);
  const met = isMet(row);
  const goal =
    row.atLeast !== undefined
      ? `≥ ${Number(row.atLeast.toFixed(2))} ×`
      : row.atMost !== undefined
        ? `≤ ${milliseconds(row.atMost)}`
        : "";
  const counts = [row.ours, ...(row.theirs ? [row.theirs] : [])].map(
    (samples) => samples.milliseconds.length,
  );
  const cells = [
    row.what,
    `${row.ours.name}: ${summary(row.ours)}`,
    row.theirs ? `${row.theirs.name}: ${summary(row.theirs)}` : "",
    ratio === null ? "" : `**${ratio >= 10 ? ratio.toFixed(0) : ratio.toFixed(2)} ×**`,
    goal === "" ? "" : `${goal} ${met ? "met" : "**missed**"}`,
    [...new Set(counts)].join(" / "),
  ];
  return `| ${cells.join(" | ")} |`;
}

/** Median, and the least and the most in brackets. */
function summary({ milliseconds: values }: Samples): string {
  return `${milliseconds(median(values))} (${milliseconds(Math.min(...values))} to ${milliseconds(Math.max(...values))})`;
}

const milliseconds = (value: number): string =>
  value >= 1000 ? `${(value / 1000).toFixed(value >= 10_000 ? 1 : 2)} s` : `${value.toFixed(0)} ms`;

export function machineLine(): string {
  const processors = cpus();
  return [
    `${processors.length} × ${processors[0]?.model.trim() ?? "unknown processor"}`,
    `${(totalmem() / 2 ** 30).toFixed(0)} GB`,
    `${process.platform} ${process.arch}`,
    `Node ${process.versions.node}`,
    new Date().toISOString().slice(0, 10),
  ].join(", ");
}
