import type { NodeStatus, RunHead, RunNode, RunState } from "../../protocol/run.ts";
import { firstLine, plainText } from "../runs/plainText.ts";
import { duration } from "../runs/timing.ts";

const words: Partial<Record<NodeStatus, string>> = {
  success: "OK",
  warn: "WARN",
  fail: "FAIL",
  error: "ERROR",
  skipped: "SKIP",
  cancelled: "CANCELLED",
};

/** One line of the terminal for a node that has ended; undefined for one that has not. */
export function nodeLine(node: RunNode): string | undefined {
  const word = words[node.status];
  if (word === undefined) return undefined;
  const facts = [
    ...(node.seconds === null ? [] : [duration(node.seconds)]),
    ...(node.rowsAffected === null ? [] : [`${node.rowsAffected} rows`]),
  ].join(", ");
  return `${word.padEnd(5)} ${firstLine(node.name)}${facts === "" ? "" : ` (${facts})`}`;
}

/** A line that the problem matcher `$floeDbt` understands; undefined where nothing is wrong or nobody knows where. */
export function problemLine(node: RunNode): string | undefined {
  if (node.filePath === null) return undefined;
  const severity =
    node.status === "fail" || node.status === "error"
      ? "error"
      : node.status === "warn"
        ? "warning"
        : undefined;
  if (severity === undefined) return undefined;
  const message = firstLine(node.message ?? "failed", 300);
  return `${node.filePath}:${node.line ?? 1}: ${severity}: ${firstLine(node.name)}: ${message}`;
}

/** What is said at the end, before the terminal closes. */
export function endLines(head: RunHead): string[] {
  const seconds = head.startedAt === null ? null : ((head.endedAt ?? head.startedAt) - head.startedAt) / 1000;
  const took = seconds === null ? "" : ` after ${duration(seconds)}`;
  return [
    ...head.notices.map((notice) => plainText(notice)),
    `${endWords[head.state]}${took}${head.message === null ? "." : `: ${plainText(head.message)}`}`,
  ];
}

const endWords: Record<RunState, string> = {
  queued: "Waits",
  running: "Goes on",
  success: "Done",
  failed: "Failed",
  error: "Could not run",
  cancelled: "Cancelled",
  interrupted: "Interrupted",
};

/** As floe-dbt in a terminal: 0 good, 1 dbt ran and something failed, 2 it could not be done. */
export function exitCode(state: RunState): number {
  if (state === "success") return 0;
  return state === "failed" ? 1 : 2;
}
