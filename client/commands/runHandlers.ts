import type { CommandContext } from "./context.ts";
import {
  type ModelAround,
  modelArounds,
  type ModelVerb,
  modelVerbs,
  type runCommands,
} from "./runCommands.ts";

type RunCommandId = keyof typeof runCommands;
type Handler = (argument?: unknown, selected?: unknown) => unknown;

/** The handlers of runCommands.ts. What they need is loaded when it is first used. */
export function runHandlers(context: CommandContext): Record<RunCommandId, Handler> {
  const starting = () => import("./startRun.ts");
  const projects = () => import("./runProject.ts");
  const rows = () => import("./runRows.ts");
  return {
    ...modelHandlers(context),
    ...scopeHandlers(context),
    "floeDbt.fullRefreshModel": async (argument, selected) =>
      (await starting()).runModel(context, "run", "", argument, selected, { fullRefresh: true }),
    "floeDbt.fullRefreshProject": async (project) =>
      (await projects()).runProject(context, "run", project, { fullRefresh: true }),
    "floeDbt.seedProject": async (project) => (await projects()).runProject(context, "seed", project),
    "floeDbt.snapshotProject": async (project) => (await projects()).runProject(context, "snapshot", project),
    "floeDbt.installPackages": async (project) => (await projects()).runProject(context, "deps", project),
    "floeDbt.runSelector": async (project) =>
      (await import("./runSelector.ts")).runSelector(context, project),
    "floeDbt.editRun": async (argument, selected) =>
      (await import("./editRun.ts")).editRun(context, argument, selected),
    "floeDbt.rerunLast": async () => (await rows()).runAgain(context, undefined),
    "floeDbt.rerunFailed": async (row) => (await rows()).rerunFailed(context, row),
    "floeDbt.runAgain": async (row) => (await rows()).runAgain(context, row),
    "floeDbt.runNodeAgain": async (row) => (await rows()).runNodeAgain(context, row),
    "floeDbt.cancelRun": async (run) => (await rows()).cancelRun(context, run),
    "floeDbt.clearRuns": () => context.runs.clear(),
    "floeDbt.showRuns": () => context.runsView.show(),
    "floeDbt.openRunNode": async (row) => (await rows()).openRunNode(context, row),
    "floeDbt.showRunSql": async (row) => (await rows()).showRunSql(context, row),
    "floeDbt.showRunRows": async (row) => (await rows()).showRunRows(context, row),
    "floeDbt.showRunLog": async (row) => (await rows()).showRunLog(context, row),
    "floeDbt.openRunLink": async (row) => (await rows()).openRunLink(context, row),
    "floeDbt.copyRunMessage": async (row) => (await rows()).copyRunMessage(context, row),
    "floeDbt.copyRunCommand": async (row) => (await rows()).copyRunCommand(context, row),
  };
}

function modelHandlers(context: CommandContext): Record<`floeDbt.${ModelVerb}Model${ModelAround}`, Handler> {
  const entries = modelVerbs.flatMap((verb) =>
    modelArounds.map((around): [string, Handler] => [
      `floeDbt.${verb}Model${around}`,
      async (argument, selected) =>
        (await import("./startRun.ts")).runModel(context, verb, around, argument, selected),
    ]),
  );
  return Object.fromEntries(entries) as ReturnType<typeof modelHandlers>;
}

function scopeHandlers(
  context: CommandContext,
): Record<`floeDbt.${ModelVerb}${"Selection" | "Project" | "Product"}`, Handler> {
  const entries = modelVerbs.flatMap((verb): [string, Handler][] => [
    [
      `floeDbt.${verb}Selection`,
      async (argument, selected) =>
        (await import("./startRun.ts")).runModel(context, verb, "", argument, selected),
    ],
    [
      `floeDbt.${verb}Project`,
      async (project) => (await import("./runProject.ts")).runProject(context, verb, project),
    ],
    [
      `floeDbt.${verb}Product`,
      async (project) => (await import("./runProject.ts")).runProduct(context, verb, project),
    ],
  ]);
  return Object.fromEntries(entries) as ReturnType<typeof scopeHandlers>;
}
