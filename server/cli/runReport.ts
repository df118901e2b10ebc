import path from "node:path";
import type { NodeStatus, Run, RunNode } from "../../protocol/run.ts";
import type { Terminal } from "./terminal.ts";
import { counted } from "../../protocol/counted.ts";

type Style = Terminal["style"];

const words: Record<NodeStatus, string> = {
  queued: "wait",
  running: "run",
  success: "ok",
  warn: "warn",
  fail: "FAIL",
  error: "ERROR",
  skipped: "skip",
  cancelled: "stop",
};
const colours: Partial<Record<NodeStatus, Parameters<Style>[0]>> = {
  success: "green",
  warn: "yellow",
  fail: "red",
  error: "red",
  skipped: "dim",
};

/** "3/13 ok    model orders · 0.12 s · 36 rows"; of another package than the project's own, "model utils.orders". */
export function nodeLine(
  { uniqueId, status, resourceType, name, seconds, rowsAffected, failures }: RunNode,
  {
    done,
    total,
    projectName,
    style,
  }: { done: number; total: number | null; projectName: string; style: Style },
): string {
  const word = words[status].padEnd(5);
  const colour = colours[status];
  const [, packageName = projectName] = uniqueId.split(".");
  const facts = [
    `${resourceType} ${packageName === projectName ? name : `${packageName}.${name}`}`,
    ...(seconds === null || status === "skipped" ? [] : [`${seconds.toFixed(2)} s`]),
    ...(rowsAffected === null ? [] : [counted(rowsAffected, "row")]),
    ...(failures === null || failures === 0 ? [] : [`${counted(failures, "row")} failed`]),
  ];
  const count = total === null ? String(done) : `${String(done).padStart(String(total).length)}/${total}`;
  return `${count} ${colour ? style(colour, word) : word} ${facts.join(" · ")}`;
}

/** What became of a run: what failed with its message, and how many of each. */
export function runReport(run: Run, { baseDir, style }: { baseDir: string; style: Style }): string {
  const failed = run.nodes.filter(({ status }) => status === "error" || status === "fail");
  const warned = run.nodes.filter(({ status }) => status === "warn");
  const lines: string[] = [];
  for (const { name, filePath, line, message, status, compiledPath } of [...failed, ...warned]) {
    const place =
      filePath === null ? "" : ` ${path.relative(baseDir, filePath)}${line === null ? "" : `:${line}`}`;
    lines.push(
      `${style(status === "warn" ? "yellow" : "red", words[status])} ${style("bold", name)}${place}`,
    );
    for (const each of (message ?? "").trim().split("\n")) lines.push(`  ${each}`);
    if (compiledPath !== null)
      lines.push(style("dim", `  compiled: ${path.relative(baseDir, compiledPath)}`));
    lines.push("");
  }
  if (run.message !== null && run.nodes.length === 0) lines.push(run.message);
  lines.push(`${run.command}: ${summary(run)}`);
  return lines.join("\n");
}

function summary({ nodes, request }: Run): string {
  if (nodes.length === 0) return request.verb === "deps" ? "done." : "nothing to do.";
  const order: NodeStatus[] = ["success", "warn", "fail", "error", "skipped", "cancelled"];
  const by = Map.groupBy(nodes, ({ status }) => status);
  const names: Partial<Record<NodeStatus, string>> = {
    success: "succeeded",
    warn: "warned",
    fail: "failed",
    error: "had an error",
    skipped: "skipped",
    cancelled: "cancelled",
  };
  const parts = order.flatMap((status) => {
    const count = by.get(status)?.length ?? 0;
    return count === 0 ? [] : [`${count} ${names[status] ?? status}`];
  });
  return `${counted(nodes.length, "node")}, ${parts.join(", ")}.`;
}
