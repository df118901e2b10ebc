import type { RunNode, RunRequest } from "../../protocol/run.ts";
import type { Remedy } from "../../protocol/runtime.ts";
import { runTitle } from "./command.ts";
import { buildWithParents, readsMissing } from "./parentsFirst.ts";
import { firstLine } from "./plainText.ts";
import { isTest, type KnownRun, tally } from "./runList.ts";
import { selectorOf, titleOf } from "./selectors.ts";
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

/**
 * What a person is told of a run that did not end well.
 * @returns one sentence, what may mend it, and where more is to be seen
 */
export function failureSentence(run: KnownRun): { message: string; remedies: Remedy[]; views: Remedy[] } {
  const { head } = run;
  const title = firstLine(runTitle(head.request.verb, head.title), 80);
  const failed = [...run.nodes.values()].filter(({ status }) => status === "fail" || status === "error");
  const remedies: Remedy[] = head.remedy?.command === undefined ? [] : [head.remedy];
  const showRuns: Remedy = { title: "Show Runs", command: "floeDbt.showRuns" };
  if (failed.length === 0) {
    const why = head.message === null ? "dbt failed." : firstLine(head.message, 300);
    return { message: `${title}: ${why}`, remedies, views: [showRuns] };
  }
  const names = failed.slice(0, 3).map(({ name }) => firstLine(name, 60));
  const of = head.total === null ? "" : ` of ${tally(run).total ?? 0}`;
  const message = `${title}: ${failed.length}${of} failed: ${names.join(", ")}${failed.length > 3 ? " …" : ""}`;
  const views: Remedy[] = [showRuns, { title: "Show Problems", command: "workbench.actions.view.problems" }];
  const unbuilt = failed.filter(readsUnbuilt);
  const remedy = buildFirst(head.request, unbuilt);
  if (!remedy) return { message, remedies, views };
  const reads = `${unbuilt.length === 1 ? "reads" : "read"} what is not there yet`;
  const who =
    unbuilt.length === failed.length
      ? ", which"
      : `. ${firstLine(titleOf(unbuilt.map(({ name }) => name)), 80)}`;
  return { message: `${message}${who} ${reads}`, remedies: [remedy, ...remedies], views };
}

const readsUnbuilt = ({ status, message }: RunNode): boolean =>
  status === "error" && readsMissing(message ?? "");

/** The first run of a model fails where nothing above it was ever built, that of a project where seeds were not loaded. */
function buildFirst(request: RunRequest, unbuilt: readonly RunNode[]): Remedy | undefined {
  const { verb, select, exclude, projectDir } = request;
  const hasParents = /(^|[\s,])[+@]/.test(select ?? "");
  // A test of what is selected may also read models that are no parents of it.
  const mended = hasParents ? unbuilt.filter(isTest) : unbuilt;
  const [first, ...others] = mended.map((node) => ({
    projectDir,
    selector: selectorOf(node),
    row: { label: node.name },
  }));
  if (!first) return undefined;
  if (select !== undefined || exclude !== undefined) return buildWithParents([first, ...others]);
  if (verb === "build") return undefined;
  return { title: "Build Project", command: "floeDbt.buildProject", arguments: [projectDir] };
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
