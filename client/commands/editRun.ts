import * as vscode from "vscode";
import type { RunRequest } from "../../protocol/run.ts";
import { canRun } from "../capabilities.ts";
import { errorMessage } from "../errorMessage.ts";
import { commandOf, verbTitles } from "../runs/command.ts";
import { joinFlags, splitFlags } from "../runs/selectors.ts";
import type { CommandContext } from "./context.ts";
import { isNodeFile, type Meant, meantNodes } from "./meantNodes.ts";
import { pickProject } from "./pickProject.ts";
import { modelVerbs } from "./runCommands.ts";
import { runOfRow } from "./runRows.ts";
import { requestFor, startRun } from "./startRun.ts";

/** The options of the last run that had some, by project. */
const optionsKey = (projectDir: string): string => `floeDbt.runOptions:${projectDir}`;
type Options = Pick<RunRequest, "flags" | "vars">;

/** Runs with options and variables that are typed first: a run of the Runs view again, or what is meant. */
export async function editRun(context: CommandContext, argument: unknown, selected: unknown): Promise<void> {
  const again = runOfRow(context, argument)?.head.request;
  const request = again ?? (await pickVerb(context, argument, selected));
  const edited = request && (await editOptions(context, request));
  if (edited) await startRun(context, edited);
}

async function pickVerb(
  context: CommandContext,
  argument: unknown,
  selected: unknown,
): Promise<RunRequest | undefined> {
  const meant = await meantHere(context, argument, selected);
  if (!meant) return undefined;
  const items = modelVerbs
    .map((verb) => ({ verb, request: requestFor(meant, verb) }))
    .filter(({ request }) => canRun(context.server.projects, request))
    .map(({ verb, request }) => ({ label: verbTitles[verb], description: commandOf(request), request }));
  const title = `${meant.name} with Options`;
  return (await vscode.window.showQuickPick(items, { title, placeHolder: "What should dbt do?" }))?.request;
}

/** What is clicked; else the model in the active editor, and where there is none, the project. */
async function meantHere(
  context: CommandContext,
  argument: unknown,
  selected: unknown,
): Promise<Meant | undefined> {
  const uri = vscode.window.activeTextEditor?.document.uri;
  if (argument !== undefined || (uri?.scheme === "file" && isNodeFile(uri))) {
    return meantNodes(context, argument, selected);
  }
  const project = await pickProject(context, undefined, "Run with Options");
  return project && { projectDir: project.projectDir, name: project.projectName };
}

/** @returns the request with the options a person wants; undefined if they want none of it */
export async function editOptions(
  { memory }: CommandContext,
  request: RunRequest,
): Promise<RunRequest | undefined> {
  const before: Options = { ...memory.get<Options>(optionsKey(request.projectDir)), ...optionsOf(request) };
  const typed = await vscode.window.showInputBox({
    title: `${commandOf({ ...request, flags: [] })} (1/2)`,
    prompt: "Further options of dbt, as on a command line. Enter goes on.",
    placeHolder: "--threads=2 --fail-fast",
    value: joinFlags(before.flags ?? []),
    validateInput: problemOf,
    ignoreFocusOut: true,
  });
  if (typed === undefined) return undefined;
  const flags = splitFlags(typed);
  const vars = await vscode.window.showInputBox({
    title: `${commandOf({ ...request, flags })} (2/2)`,
    prompt: "Variables, as YAML or JSON. Empty: none. Enter runs dbt.",
    placeHolder: '{"start_date": "2026-01-01"}',
    value: before.vars ?? "",
    ignoreFocusOut: true,
  });
  if (vars === undefined) return undefined;
  const options: Options = {
    ...(flags.length > 0 ? { flags } : {}),
    ...(vars.trim() === "" ? {} : { vars: vars.trim() }),
  };
  await memory.update(optionsKey(request.projectDir), options);
  const edited = { ...request, ...options };
  if (options.flags === undefined) delete edited.flags;
  if (options.vars === undefined) delete edited.vars;
  return edited;
}

const optionsOf = ({ flags, vars }: RunRequest): Options => ({
  ...(flags?.length ? { flags } : {}),
  ...(vars === undefined ? {} : { vars }),
});

function problemOf(text: string): string | undefined {
  try {
    splitFlags(text);
    return undefined;
  } catch (error) {
    return errorMessage(error);
  }
}
