import * as vscode from "vscode";
import type { Remedy } from "../protocol/runtime.ts";
import { errorMessage, isCancellation, remedyOf } from "./errorMessage.ts";

/** The one log of the extension and of its language server: "Floe dbt" in the Output panel. */
export const log = vscode.window.createOutputChannel("Floe dbt", { log: true });

const showLog: Remedy = { title: "Show Log", command: "floeDbt.showLog" };

/**
 * Tells a person that something did not work: one message, one action.
 * What a person has cancelled is no error and says nothing.
 */
export async function report(error: unknown): Promise<void> {
  if (isCancellation(error)) return;
  log.error(error instanceof Error ? error : String(error));
  const action = remedyOf(error) ?? showLog;
  const chosen = await vscode.window.showErrorMessage(errorMessage(error), action.title);
  if (chosen !== undefined) await runRemedy(action);
}

/** Tells that what was asked for was done and did not go well: no bug, so no log; with what one can do about it. */
export async function tellFailure(message: string, actions: readonly Remedy[]): Promise<void> {
  log.info(message);
  const chosen = await vscode.window.showErrorMessage(message, ...actions.map(({ title }) => title));
  const action = actions.find(({ title }) => title === chosen);
  if (action) await runRemedy(action);
}

/** Says how something ended, with at most one action. Goes away by itself. */
export async function inform(message: string, action?: Remedy): Promise<void> {
  log.info(message);
  const chosen = await vscode.window.showInformationMessage(message, ...(action ? [action.title] : []));
  if (chosen !== undefined && action) await runRemedy(action);
}

/** Carries out what a status, a problem or an error proposes. */
export async function runRemedy(remedy: Remedy): Promise<void> {
  if (remedy.command === undefined) return;
  await vscode.commands.executeCommand(remedy.command, ...(remedy.arguments ?? []));
}
