import * as vscode from "vscode";
import type { RunNode } from "../../protocol/run.ts";
import { inform } from "../log.ts";
import { runTitle } from "../runs/command.ts";
import { requestForFailed, requestForNode } from "../runs/again.ts";
import { firstLine, plainText } from "../runs/plainText.ts";
import { isActive, type KnownRun } from "../runs/runList.ts";
import { openWebPage } from "../webPage.ts";
import type { RunsRow } from "../views/runsView.ts";
import type { CommandContext } from "./context.ts";
import { startRun } from "./startRun.ts";

/** What the rows of the Runs view can do, and what is done with the last run. */

function isRunsRow(value: unknown): value is RunsRow {
  return value !== null && typeof value === "object" && "runId" in value && "kind" in value;
}

const rowOf = ({ runsView }: CommandContext, argument: unknown): RunsRow | undefined =>
  isRunsRow(argument) ? argument : runsView.selection;

/** The run a row belongs to; undefined where the argument is no row. */
export function runOfRow({ runs }: CommandContext, argument: unknown): KnownRun | undefined {
  return isRunsRow(argument) ? runs.get(argument.runId) : undefined;
}

function nodeOfRow(context: CommandContext, argument: unknown): { run: KnownRun; node: RunNode } | undefined {
  const row = rowOf(context, argument);
  const run = row && context.runs.get(row.runId);
  const node = row?.kind === "node" ? run?.nodes.get(row.uniqueId) : undefined;
  return run && node && { run, node };
}

function theRun(context: CommandContext, argument: unknown): KnownRun {
  const run = runOfRow(context, argument) ?? context.runs.all[0];
  if (!run) throw new Error("dbt has not run here yet.");
  return run;
}

function theNode(context: CommandContext, argument: unknown): { run: KnownRun; node: RunNode } {
  const found = nodeOfRow(context, argument);
  if (!found) throw new Error("Select a node of a run in the Runs view first.");
  return found;
}

export async function runAgain(context: CommandContext, argument: unknown): Promise<void> {
  await startRun(context, theRun(context, argument).head.request);
}

export async function runNodeAgain(context: CommandContext, argument: unknown): Promise<void> {
  const { run, node } = theNode(context, argument);
  await startRun(context, requestForNode(run.head.request, node));
}

/** What failed, and what was left out because of it. */
export async function rerunFailed(context: CommandContext, argument: unknown): Promise<void> {
  // While another one goes on, the last that ended is meant: nothing of the other has failed yet for good.
  const ended = context.runs.all.find(({ head }) => !isActive(head));
  const request = requestForFailed(runOfRow(context, argument) ?? ended ?? theRun(context, argument));
  if (request) await startRun(context, request);
  else await inform("Nothing of that run failed.");
}

/** @param argument a row, or the id of a run; without it the one that goes on, and asks if there are several */
export async function cancelRun(context: CommandContext, argument: unknown): Promise<void> {
  const { runs } = context;
  const id = typeof argument === "string" ? argument : isRunsRow(argument) ? argument.runId : undefined;
  if (id !== undefined) {
    await runs.cancel(id);
    return;
  }
  const [first, ...others] = runs.active;
  if (!first) {
    await inform("No run goes on.");
    return;
  }
  if (others.length === 0) {
    await runs.cancel(first.head.id);
    return;
  }
  const items = [
    ...runs.active.map(({ head }) => ({
      label: runTitle(head.request.verb, head.title),
      description: head.state === "running" ? "goes on" : "waits",
      ids: [head.id],
    })),
    { label: "All", description: "", ids: runs.active.map(({ head }) => head.id).toReversed() },
  ];
  const picked = await vscode.window.showQuickPick(items, { title: "Cancel Run", placeHolder: "Which?" });
  await Promise.all((picked?.ids ?? []).map((each) => runs.cancel(each)));
}

export async function openRunNode(context: CommandContext, argument: unknown): Promise<void> {
  const { node } = theNode(context, argument);
  if (node.filePath === null) throw new Error(`dbt does not say which file defines ${node.name}.`);
  const line = Math.max(0, (node.line ?? 1) - 1);
  await vscode.window.showTextDocument(vscode.Uri.file(node.filePath), {
    selection: new vscode.Range(line, 0, line, 0),
    preview: true,
  });
}

export async function showRunSql(context: CommandContext, argument: unknown): Promise<void> {
  const { node } = theNode(context, argument);
  if (node.compiledPath === null) throw new Error(`dbt has compiled no SQL for ${node.name}.`);
  await vscode.window.showTextDocument(vscode.Uri.file(node.compiledPath), { preview: true });
}

/** The rows that fail a test, in the grid of the query results. */
export async function showRunRows(context: CommandContext, argument: unknown): Promise<void> {
  const { run, node } = theNode(context, argument);
  const { failingRowsRequest } = await import("../../protocol/requests.ts");
  const { projectDir } = run.head.request;
  const { uniqueId, name, filePath } = node;
  const limit = vscode.workspace
    .getConfiguration("floeDbt", vscode.Uri.file(projectDir))
    .get<number>("preview.limit", 500);
  await context.preview.run(
    {
      title: `Failing rows of ${firstLine(name)}`,
      source: filePath === null ? null : vscode.Uri.file(filePath),
      rows: (rows, token) =>
        context.server.request(failingRowsRequest, { projectDir, uniqueId, limit: rows }, token),
    },
    limit,
  );
}

export async function showRunLog(context: CommandContext, argument: unknown): Promise<void> {
  const row = rowOf(context, argument);
  const { head, nodes } = theRun(context, row);
  const node = row?.kind === "node" ? nodes.get(row.uniqueId) : undefined;
  await context.runLog.show({ id: head.id, title: runTitle(head.request.verb, head.title) }, node);
}

export async function openRunLink(context: CommandContext, argument: unknown): Promise<void> {
  await openWebPage(theRun(context, argument).head.link, "This run has no page of its own.");
}

export async function copyRunMessage(context: CommandContext, argument: unknown): Promise<void> {
  const row = rowOf(context, argument);
  const message = row?.kind === "note" ? row.text : nodeOfRow(context, row)?.node.message;
  if (message == null) throw new Error("There is no message to copy.");
  await vscode.env.clipboard.writeText(plainText(message));
}

export async function copyRunCommand(context: CommandContext, argument: unknown): Promise<void> {
  await vscode.env.clipboard.writeText(theRun(context, argument).head.command);
}
