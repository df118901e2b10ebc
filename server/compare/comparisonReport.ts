import path from "node:path";
import type { Comparison, DiagnosticGroup } from "../../protocol/compare.ts";
import { counted } from "../../protocol/counted.ts";

/** The comparison as plain lines, for a terminal. */
export function comparisonText(comparison: Comparison): string {
  const { left, right } = comparison;
  const lines = [comparison.verdict, ""];
  for (const side of [left, right]) {
    lines.push(`${side.title}: ${side.nodes} nodes in ${side.seconds.toFixed(1)} s`);
  }
  for (const group of comparison.diagnostics) {
    lines.push("", heading(group, comparison));
    for (const { message, filePath, line } of group.places.slice(0, 10)) {
      lines.push(`  ${place(comparison, filePath, line)}: ${oneLine(message)}`);
    }
    if (group.count > 10) lines.push(`  ... and ${group.count - Math.min(10, group.places.length)} more`);
  }
  const list = (title: string, names: readonly string[]): void => {
    if (names.length > 0) lines.push("", title, ...names.map((name) => `  ${name}`));
  };
  list(
    "Other SQL:",
    comparison.different.map(({ uniqueId }) => uniqueId),
  );
  list(
    `Only in ${left.title}:`,
    comparison.onlyLeft.map(({ uniqueId }) => uniqueId),
  );
  list(
    `Only in ${right.title}:`,
    comparison.onlyRight.map(({ uniqueId }) => uniqueId),
  );
  list(
    "Other dependencies:",
    comparison.dependencies.map(
      ({ uniqueId, onlyLeft, onlyRight }) =>
        `${uniqueId} (${[...onlyLeft.map((id) => `- ${id}`), ...onlyRight.map((id) => `+ ${id}`)].join(", ")})`,
    ),
  );
  return `${lines.join("\n")}\n`;
}

/** The comparison as Markdown, for an issue or a wiki. dbt's words are in code, so that nothing in them is markup. */
export function comparisonMarkdown(comparison: Comparison): string {
  const { left, right, projectName, target } = comparison;
  const lines = [
    `# ${projectName}: ${left.title} and ${right.title}`,
    "",
    `**${comparison.verdict}**`,
    "",
    "| | nodes | seconds |",
    "|---|---|---|",
    ...[left, right].map((side) => `| ${side.title} | ${side.nodes} | ${side.seconds.toFixed(1)} |`),
    "",
    ...(target === null ? [] : [`Target: ${code(target)}`, ""]),
  ];
  for (const group of comparison.diagnostics) {
    lines.push(`## ${heading(group, comparison)}`, "");
    for (const { message, filePath, line } of group.places) {
      lines.push(`- ${code(place(comparison, filePath, line))}: ${code(oneLine(message))}`);
    }
    lines.push("");
  }
  const list = (title: string, ids: readonly string[]): void => {
    if (ids.length > 0) lines.push(`## ${title}`, "", ...ids.map((id) => `- ${code(id)}`), "");
  };
  list(
    `${comparison.different.length} nodes with other SQL`,
    comparison.different.map(({ uniqueId }) => uniqueId),
  );
  list(
    `Only in ${left.title}`,
    comparison.onlyLeft.map(({ uniqueId }) => uniqueId),
  );
  list(
    `Only in ${right.title}`,
    comparison.onlyRight.map(({ uniqueId }) => uniqueId),
  );
  list(
    "Other dependencies",
    comparison.dependencies.map(({ uniqueId }) => uniqueId),
  );
  return `${lines.join("\n").trimEnd()}\n`;
}

function heading(
  { side, code: its, name, severity, count }: DiagnosticGroup,
  { left, right }: Comparison,
): string {
  const what = counted(count, severity);
  const which = its === "dbt" ? "without a code" : [its, name].filter((each) => each !== null).join(" ");
  return `${what} only in ${side === "left" ? left.title : right.title}: ${which}`;
}

function place({ projectDir }: Comparison, filePath: string | null, line: number | null): string {
  if (filePath === null) return "project";
  const relative = path.relative(projectDir, filePath).split(path.sep).join("/");
  return line === null ? relative : `${relative}:${line}`;
}

const oneLine = (text: string): string => text.replace(/\s+/g, " ").slice(0, 300);

/** Back ticks as many as it takes. */
function code(text: string): string {
  const longest = Math.max(0, ...[...text.matchAll(/`+/g)].map(([run]) => run.length));
  const fence = "`".repeat(longest + 1);
  return longest === 0 ? `${fence}${text}${fence}` : `${fence} ${text} ${fence}`;
}
