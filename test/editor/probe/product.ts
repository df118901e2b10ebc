import { readFileSync } from "node:fs";
import path from "node:path";
import * as vscode from "vscode";
import type { FloeDbtApi } from "../../../client/extension.ts";
import type { ProjectStatus } from "../../../protocol/runtime.ts";
import { timed } from "./waits.ts";
import { waitFor } from "./waiting.ts";

/** The installed product, and what tests wait for in it. */
export function extension(): vscode.Extension<FloeDbtApi> {
  const found = vscode.extensions.getExtension<FloeDbtApi>("floe.floe-dbt");
  if (!found) throw new Error("floe.floe-dbt is not installed.");
  return found;
}

export const api = async (): Promise<FloeDbtApi> => extension().activate();

/** Waits until the only project is in one of these states. */
export async function projectIn(
  states: readonly ProjectStatus["state"][],
  seconds = 60,
): Promise<ProjectStatus> {
  const product = await api();
  return waitFor(
    `a project that is ${states.join(" or ")}`,
    () => product.projects.find(({ state }) => states.includes(state)),
    [product.onDidChangeProjects],
    { seconds, describe: () => product.projects },
  );
}

export function workspaceFile(relative: string): vscode.Uri {
  const folder = vscode.workspace.workspaceFolders?.[0];
  if (!folder) throw new Error("No folder is open.");
  return vscode.Uri.joinPath(folder.uri, relative);
}

export async function openFile(relative: string): Promise<vscode.TextEditor> {
  const document = await vscode.workspace.openTextDocument(workspaceFile(relative));
  return vscode.window.showTextDocument(document, { preview: false });
}

/** Waits until the active editor shows the file of this name. */
export async function activeFile(name: string): Promise<vscode.TextEditor> {
  return waitFor(
    name,
    () => {
      const editor = vscode.window.activeTextEditor;
      return editor && path.basename(editor.document.uri.fsPath) === name ? editor : undefined;
    },
    [vscode.window.onDidChangeActiveTextEditor, vscode.window.onDidChangeTextEditorSelection],
    { describe: () => vscode.window.activeTextEditor?.document.uri.fsPath },
  );
}

/** What dbt was sent for the run that was started last, as a person would type it. */
export async function lastRunCommand(): Promise<string> {
  await vscode.commands.executeCommand("floeDbt.copyRunCommand");
  return vscode.env.clipboard.readText();
}

/** Waits until that is what dbt was sent last: the run itself may be over before anybody looks. @throws after 30 s */
export async function lastRun(command: string): Promise<void> {
  await timed(`the run ${command}`, async () => {
    const until = Date.now() + 30_000;
    for (;;) {
      const last = await lastRunCommand();
      if (last === command) return;
      if (Date.now() > until) throw new Error(`The last run was ${last} in place of ${command}`);
    }
  });
}

export const onDisk = (relative: string): string => readFileSync(workspaceFile(relative).fsPath, "utf8");

/** Our diagnostics of a file as they are now. */
export const diagnosticsOf = (uri: vscode.Uri): vscode.Diagnostic[] =>
  vscode.languages.getDiagnostics(uri).filter(({ source }) => source === "sqlfluff" || source === "dbt");

/** Waits until the diagnostics of a file satisfy `condition`. */
export async function diagnostics(
  uri: vscode.Uri,
  what: string,
  condition: (found: vscode.Diagnostic[]) => boolean,
  seconds = 45,
): Promise<vscode.Diagnostic[]> {
  return waitFor(
    `${what} in ${path.basename(uri.fsPath)}`,
    () => {
      const found = diagnosticsOf(uri);
      return condition(found) ? found : undefined;
    },
    [vscode.languages.onDidChangeDiagnostics],
    { seconds, describe: () => diagnosticsOf(uri).map(describe) },
  );
}

export const codeOf = ({ code }: vscode.Diagnostic): string =>
  typeof code === "object" ? String(code.value) : String(code ?? "");

export const describe = (diagnostic: vscode.Diagnostic): string =>
  `${diagnostic.range.start.line + 1}:${diagnostic.range.start.character + 1} ${codeOf(diagnostic)}`;

export const hasCode =
  (wanted: string) =>
  (found: vscode.Diagnostic[]): boolean =>
    found.some((diagnostic) => codeOf(diagnostic) === wanted);

/** Every code action the editor offers for a range, resolved. */
export async function codeActions(
  uri: vscode.Uri,
  range: vscode.Range,
  kind?: vscode.CodeActionKind,
): Promise<vscode.CodeAction[]> {
  return vscode.commands.executeCommand<vscode.CodeAction[]>(
    "vscode.executeCodeActionProvider",
    uri,
    range,
    kind?.value,
    100,
  );
}

/** Applies a code action as the light bulb would: its edit, then its command. */
export async function applyAction(action: vscode.CodeAction): Promise<void> {
  if (action.edit && !(await vscode.workspace.applyEdit(action.edit))) {
    throw new Error(`The editor refused “${action.title}”.`);
  }
  if (action.command) {
    await vscode.commands.executeCommand(
      action.command.command,
      ...((action.command.arguments ?? []) as unknown[]),
    );
  }
}

/** Changes a setting of ours for the workspace; undefined takes it back. */
export async function setSetting(name: string, value: unknown): Promise<void> {
  await vscode.workspace
    .getConfiguration("floeDbt")
    .update(name, value, vscode.ConfigurationTarget.Workspace);
}

export function placeCursor(editor: vscode.TextEditor, at: vscode.Position): void {
  editor.selection = new vscode.Selection(at, at);
  editor.revealRange(editor.selection);
}

export async function replaceText(editor: vscode.TextEditor, from: string, to: string): Promise<void> {
  const start = editor.document.getText().indexOf(from);
  if (start < 0) throw new Error(`“${from}” is not in the file.`);
  const range = new vscode.Range(
    editor.document.positionAt(start),
    editor.document.positionAt(start + from.length),
  );
  if (!(await editor.edit((edit) => edit.replace(range, to)))) throw new Error("The edit was refused.");
}
