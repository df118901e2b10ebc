import * as vscode from "vscode";
import { needOf } from "../../protocol/capabilities.ts";
import type { RunRequest } from "../../protocol/run.ts";
import { refuseUnable } from "../capabilities.ts";
import { inform } from "../log.ts";
import { projectOf } from "../projectOf.ts";
import { wholeProject } from "../runs/command.ts";
import { titleAround, type Around, withAround } from "../runs/selectors.ts";
import type { CommandContext } from "./context.ts";
import { type Meant, meantNodes, verbFor } from "./meantNodes.ts";
import type { ModelAround, ModelVerb } from "./runCommands.ts";
import { counted } from "../../protocol/counted.ts";

const saidKey = "floeDbt.saidThatFilesAreSaved";

/** Saves what dbt would not see, and puts the run into the queue. */
export async function startRun(context: CommandContext, request: RunRequest): Promise<void> {
  const project = context.server.projects.filter(({ projectDir }) => projectDir === request.projectDir);
  refuseUnable(project, needOf(request));
  await saveFirst(context, request.projectDir);
  const id = await gettingReady(() => context.runs.start(request));
  await context.runsView.reveal(id);
}

/** Until the run is in its queue, the status bar says that it is coming: a project that is just opened is read first. */
export const gettingReady = <Value>(work: () => Promise<Value>): Thenable<Value> =>
  vscode.window.withProgress(
    { location: vscode.ProgressLocation.Window, title: "dbt: getting ready for the run" },
    work,
  );

/** dbt reads files: what is not saved would not be run. Said once, so that nobody is surprised. */
async function saveFirst({ memory, server }: CommandContext, projectDir: string): Promise<void> {
  const dirty = vscode.workspace.textDocuments.filter(
    ({ isDirty, uri }) =>
      isDirty && uri.scheme === "file" && projectOf(uri.fsPath, server.projects)?.projectDir === projectDir,
  );
  if (dirty.length === 0) return;
  const setting = vscode.workspace.getConfiguration("floeDbt", vscode.Uri.file(projectDir));
  const save = setting.get<boolean>("run.saveBefore", true);
  if (save) {
    for (const document of dirty) {
      if (!(await document.save()))
        throw new Error(`${document.fileName} could not be saved, so dbt was not run.`);
    }
  }
  if (memory.get<boolean>(saidKey) === save) return;
  await memory.update(saidKey, save);
  const files = counted(dirty.length, "file");
  void inform(
    save
      ? `Saved ${files} first, so that dbt runs what you see.`
      : `dbt runs what is saved: ${files} of the project ${dirty.length === 1 ? "is" : "are"} not.`,
    { title: "Change This", command: "floeDbt.openSettings", arguments: ["floeDbt.run.saveBefore"] },
  );
}

const arounds: Record<ModelAround, Around> = {
  "": "only",
  WithParents: "parents",
  WithChildren: "children",
  WithBoth: "both",
};

/** Runs, builds, tests or compiles what is meant, alone or with what is around it. */
export async function runModel(
  context: CommandContext,
  verb: ModelVerb,
  around: ModelAround,
  argument: unknown,
  selected: unknown,
  more: Pick<RunRequest, "fullRefresh"> = {},
): Promise<void> {
  const meant = await gettingReady(() => meantNodes(context, argument, selected));
  await startRun(context, { ...requestFor(meant, verb, arounds[around]), ...more });
}

export function requestFor(meant: Meant, verb: ModelVerb, around: Around = "only"): RunRequest {
  const { projectDir, selector, name } = meant;
  if (selector === undefined) return { projectDir, verb, title: wholeProject };
  return {
    projectDir,
    // With what is around it, a seed or a test is one node of several.
    verb: around === "only" ? verbFor(verb, meant) : verb,
    select: withAround(selector, around),
    title: titleAround(name, around),
  };
}
