import type { NodeStatus, RunNode, RunState, RunStep } from "../../protocol/run.ts";
import { runTitle } from "./command.ts";
import { firstLine, plainText } from "./plainText.ts";
import { isActive, isFailure, type KnownRun, tally } from "./runList.ts";
import { shortReason } from "../shortReason.ts";
import { duration, elapsed, timingBar, when } from "./timing.ts";

/** What a row of the Runs view shows, as data. All of it is text: nothing in it becomes a link, markup or an icon. */
export interface RowLook {
  label: string;
  description: string;
  tooltip: string;
  /** A codicon and the colour it has. */
  icon: { id: string; color?: string };
  /** Which menus the row has: words, joined by spaces. */
  context: string;
  /** What a screen reader says: the state in words, no bar. */
  spoken: string;
}

type Icon = RowLook["icon"];
const queued: Icon = { id: "watch", color: "testing.iconQueued" };
const running: Icon = { id: "loading~spin", color: "progressBar.background" };
const passed: Icon = { id: "pass", color: "testing.iconPassed" };
// Those of the Testing view and of lists have no colour in high contrast.
const errored: Icon = { id: "error", color: "problemsErrorIcon.foreground" };
const warned: Icon = { id: "warning", color: "problemsWarningIcon.foreground" };
const skipped: Icon = { id: "debug-step-over", color: "testing.iconSkipped" };
const cancelled: Icon = { id: "circle-slash", color: "testing.iconSkipped" };

const nodeIcons: Record<NodeStatus, Icon> = {
  queued,
  running,
  success: passed,
  warn: warned,
  fail: errored,
  error: errored,
  skipped,
  cancelled,
};
const runIcons: Record<RunState, Icon> = {
  queued,
  running,
  success: passed,
  failed: errored,
  error: errored,
  cancelled,
  interrupted: { id: "debug-disconnect", color: "testing.iconSkipped" },
};
const stepIcons: Record<RunStep["state"], Icon> = {
  queued,
  running,
  success: passed,
  error: errored,
  cancelled,
  skipped,
};

const nodeWords: Record<NodeStatus, string> = {
  queued: "waits",
  running: "goes on",
  success: "passed",
  warn: "warned",
  fail: "failed",
  error: "failed with an error",
  skipped: "skipped",
  cancelled: "cancelled",
};
const runWords: Record<RunState, string> = {
  queued: "waits",
  running: "goes on",
  success: "passed",
  failed: "failed",
  error: "could not run",
  cancelled: "cancelled",
  interrupted: "interrupted when the editor closed",
};

/**
 * @param now milliseconds since the epoch
 * @param project its name, where the workspace has several
 */
export function runLook(run: KnownRun, now: number, project?: string): RowLook {
  const { head } = run;
  const title = firstLine(runTitle(head.request.verb, head.title), 80);
  const where = [head.target ?? undefined, head.runtime].filter((part) => part !== undefined).join(" · ");
  const outcome = outcomeOf(run, now);
  // How it went first: what follows may be clipped.
  const described = [outcome, when(head.startedAt ?? head.queuedAt, now), where, project].filter(
    (part) => part !== undefined && part !== "",
  );
  const { warned: warnings } = tally(run);
  return {
    label: title,
    description: described.join(" · "),
    tooltip: lines(
      head.command,
      `${capital(runWords[head.state])}${head.message === null ? "" : `: ${plainText(head.message)}`}`,
      [
        `Environment: ${head.runtime}`,
        ...(head.target === null ? [] : [`Target: ${head.target}`]),
        ...(project === undefined ? [] : [`Project: ${project}`]),
      ].join(", "),
      ...head.notices,
    ),
    icon: head.state === "success" && warnings > 0 ? warned : runIcons[head.state],
    context: words(
      "run",
      head.state,
      isActive(head) ? "active" : "ended",
      head.link !== null && "link",
      hasFailed(run) && "failures",
    ),
    spoken: [title, runWords[head.state], ...described].map((part) => plainText(part ?? "")).join(", "),
  };
}

function outcomeOf(run: KnownRun, now: number): string {
  const { head } = run;
  const { done, failed: failures, warned: warnings, total } = tally(run);
  const seconds = head.startedAt === null ? null : ((head.endedAt ?? now) - head.startedAt) / 1000;
  const time = seconds === null ? [] : [duration(Math.max(0, seconds))];
  switch (head.state) {
    case "queued":
      return head.message === null ? "waits" : firstLine(head.message, 60);
    case "running":
      return total === null ? (done > 0 ? `${done} done` : "starting") : `${done}/${total}`;
    case "success":
      return [...(warnings > 0 ? [`${warnings} warned`] : []), ...time].join(" · ");
    case "failed":
      return [failures > 0 ? `${failures} failed` : "failed", ...time].join(" · ");
    case "error":
      return ["could not run", ...time].join(" · ");
    case "cancelled":
      return ["cancelled", ...time].join(" · ");
    case "interrupted":
      return "interrupted";
  }
}

const hasFailed = (run: KnownRun): boolean => tally(run).failed > 0;

/**
 * @param longest seconds of the slowest node of the run: the bar is measured against it
 * @param now milliseconds since the epoch
 */
export function nodeLook(node: RunNode, longest: number, now: number): RowLook {
  const type = node.resourceType.replaceAll("_", " ");
  const took = node.status === "skipped" ? null : node.seconds;
  const time = took === null ? "" : duration(took);
  const timing = [timingBar(took, longest), time].filter(Boolean).join(" ");
  const going =
    node.status === "running" && node.startedAt !== null ? elapsed((now - node.startedAt) / 1000) : "";
  const rows = node.rowsAffected === null ? "" : count(node.rowsAffected, "row");
  const trouble = troubleOf(node);
  const facts = [time, rows, trouble].filter(Boolean);
  return {
    label: firstLine(node.name) || node.uniqueId,
    description: [trouble, timing, going, rows].filter(Boolean).join(" · "),
    tooltip: lines(
      `${node.name} (${type})`,
      [capital(nodeWords[node.status]), time, rows].filter(Boolean).join(" · "),
      ...(node.message === null ? [] : ["", cut(plainText(node.message))]),
      ...(node.filePath === null ? [] : ["", `${node.filePath}${node.line === null ? "" : `:${node.line}`}`]),
    ),
    icon: nodeIcons[node.status],
    context: words(
      "node",
      node.status,
      node.filePath !== null && "file",
      node.compiledPath !== null && "compiled",
      node.message !== null && "message",
      node.status !== "success" && (node.failures ?? 0) > 0 && "rows",
    ),
    spoken: [`${type} ${node.name}`, nodeWords[node.status], ...facts]
      .map((part) => plainText(part))
      .join(", "),
  };
}

/**
 * What is wrong with a node, in a few words. One that went well says nothing worth a person's time ("OK", "SELECT 340"), nor
 * one that was stopped, nor one there is nothing to do for ("NO-OP").
 */
function troubleOf({ status, failures, message }: RunNode): string {
  if (status !== "warn" && status !== "fail" && status !== "error" && status !== "skipped") return "";
  if (failures !== null && failures > 0) return `${count(failures, "row")} found`;
  const reason = firstLine(shortReason(plainText(message ?? ""))).replace(/:$/, "");
  return /^no-?op$/i.test(reason) ? "" : reason;
}

export function stepLook(step: RunStep, longest: number): RowLook {
  const time = step.seconds === null ? "" : duration(step.seconds);
  const doing = firstLine(step.doing ?? "");
  return {
    label: firstLine(step.name),
    description: [timingBar(step.seconds, longest), time, doing].filter(Boolean).join(" "),
    tooltip: plainText(step.name),
    icon: stepIcons[step.state],
    context: words("step", step.state),
    spoken: [`step ${plainText(step.name)}`, step.state, time, doing].filter(Boolean).join(", "),
  };
}

/** What a run has to say beyond its nodes: why it failed, what it waits for, what one should know. */
export function noteLook(text: string, tone: "error" | "info"): RowLook {
  return {
    label: firstLine(text, 200),
    description: "",
    tooltip: cut(plainText(text)),
    icon: tone === "error" ? errored : { id: "info", color: "charts.blue" },
    context: words("note", "message"),
    spoken: `${tone === "error" ? "Error" : "Note"}: ${firstLine(text, 200)}`,
  };
}

/** What a run has to say of itself: a row of its own, where its nodes do not say it. */
export function toldMessage(run: KnownRun): { text: string; tone: "error" | "info" } | null {
  const { message: text } = run.head;
  if (text === null || isActive(run.head) || tally(run).failed > 0) return null;
  return { text, tone: isFailure(run.head) ? "error" : "info" };
}

const order: Record<NodeStatus, number> = {
  error: 0,
  fail: 0,
  warn: 1,
  running: 2,
  queued: 2,
  success: 2,
  cancelled: 3,
  skipped: 3,
};

/** While a run goes on, in the order of its nodes; after it, what failed stands first and what was left out last. */
export function nodesInOrder(run: KnownRun): readonly RunNode[] {
  const nodes = [...run.nodes.values()];
  return isActive(run.head) ? nodes : nodes.toSorted((a, b) => order[a.status] - order[b.status]);
}

export const longestOf = (parts: Iterable<{ seconds: number | null }>): number =>
  Math.max(0, ...[...parts].map(({ seconds }) => seconds ?? 0));

/** "1 row", "1,204 rows". */
function count(number: number, one: string): string {
  return `${number.toLocaleString("en")} ${one}${number === 1 ? "" : "s"}`;
}

const lines = (...parts: string[]): string => plainText(parts.join("\n"));
const words = (...parts: (string | false)[]): string => parts.filter(Boolean).join(" ");
const capital = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);
const longestTooltip = 2000;
const cut = (text: string): string =>
  text.length > longestTooltip ? `${text.slice(0, longestTooltip)}…` : text;
