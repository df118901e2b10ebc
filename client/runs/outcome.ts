import type { Remedy } from "../../protocol/runtime.ts";
import { runTitle } from "./command.ts";
import { parentsFirst } from "./parentsFirst.ts";
import { firstLine } from "./plainText.ts";
import { type KnownRun, tally } from "./runList.ts";
import { titleOf } from "./selectors.ts";
import { duration } from "./timing.ts";

/** What the status bar says while dbt runs, as data; null where nothing runs. */
export function progressText(
  active: readonly KnownRun[],
): { text: string; tooltip: string; label: string } | null {
  const [run, ...waiting] = active;
  if (!run) return null;
  const { head } = run;
  const { done, total } = tally(run);
  const count = total === null ? "" : ` ${done}/${total}`;
  const behind = waiting.length === 0 ? "" : ` +${waiting.length}`;
  const icon = head.state === "running" ? "$(sync~spin)" : "$(watch)";
  const title = firstLine(runTitle(head.request.verb, head.title), 80);
  return {
    text: `${icon} dbt ${head.request.verb}${count}${behind}`,
    tooltip: [
      `${title}${count}`,
      ...(waiting.length === 0
        ? []
        : [`${waiting.length} more ${waiting.length === 1 ? "run waits" : "runs wait"}.`]),
      "Click to see the runs.",
    ].join("\n"),
    label: `dbt ${title}, ${total === null ? "starting" : `${done} of ${total}`}`,
  };
}

/** One sentence on what a run that goes on is doing. */
export function progressSentence(run: KnownRun): string {
  const { done, total } = tally(run);
  if (run.head.state === "queued") return firstLine(run.head.message ?? "Waits for the run before it.");
  const now = [...run.nodes.values()].filter(({ status }) => status === "running").map(({ name }) => name);
  const count = total === null ? "" : `${done}/${total}`;
  return [count, now.length === 0 ? "" : firstLine(titleOf(now), 80)].filter(Boolean).join(" · ");
}

/** What a person is told of a run that did not end well: one sentence, and what they can do. */
export function failureSentence(run: KnownRun): { message: string; actions: Remedy[] } {
  const { head } = run;
  const title = firstLine(runTitle(head.request.verb, head.title), 80);
  const names = [...run.nodes.values()]
    .filter(({ status }) => status === "fail" || status === "error")
    .map(({ name }) => firstLine(name, 60));
  const showRuns: Remedy = { title: "Show Runs", command: "floeDbt.showRuns" };
  const showProblems: Remedy = { title: "Show Problems", command: "workbench.actions.view.problems" };
  const actions = [...(head.remedy?.command === undefined ? [] : [head.remedy]), showRuns];
  if (names.length > 0) {
    const of = run.head.total === null ? "" : ` of ${tally(run).total ?? 0}`;
    const failed = `${title}: ${names.length}${of} failed: ${names.slice(0, 3).join(", ")}${names.length > 3 ? " …" : ""}`;
    const withParents = parentsOfFailed(run);
    if (withParents === undefined) return { message: failed, actions: [...actions, showProblems] };
    return { message: `${failed}, which reads what is not there yet`, actions: [withParents, ...actions] };
  }
  const why = head.message === null ? "dbt failed." : firstLine(head.message, 300);
  return { message: `${title}: ${why}`, actions };
}

/** The first run of a model fails where nothing above it was ever built: that is what to do then. */
function parentsOfFailed(run: KnownRun): Remedy | undefined {
  const [node, ...others] = [...run.nodes.values()].filter(({ status }) => status === "error");
  const isAlone = node?.filePath != null && others.length === 0 && !/\+/.test(run.head.request.select ?? "+");
  return isAlone ? parentsFirst(node.message ?? "", node.filePath ?? "") : undefined;
}

/** One line on a run that ended as a person wanted it to; null where it did not. */
export function endSentence(run: KnownRun): string | null {
  const { state, request, title, startedAt, endedAt } = run.head;
  const name = firstLine(runTitle(request.verb, title), 80);
  const { done, total } = tally(run);
  if (state === "cancelled") {
    const through = [...run.nodes.values()].filter(
      ({ status }) => !["cancelled", "skipped"].includes(status),
    );
    if (through.length === 0 || total === null) return `${name}: cancelled`;
    return `${name}: cancelled after ${through.length} of ${total}`;
  }
  if (state !== "success") return null;
  const facts = [
    total === null ? "" : `${done} of ${total}`,
    startedAt === null || endedAt === null ? "" : duration((endedAt - startedAt) / 1000),
  ];
  return [`${name}: passed`, ...facts.filter(Boolean)].join(" · ");
}
