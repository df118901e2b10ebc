import path from "node:path";
import * as vscode from "vscode";
import { doctorRequest } from "../../protocol/requests.ts";
import { pickProject } from "./pickProject.ts";
import type { CommandContext } from "./context.ts";

interface Choice extends vscode.QuickPickItem {
  /** What to write into the setting: a path, "" for "find it by itself", or null for nothing at all. */
  choose: () => Promise<string | null>;
}

/** Sets `floeDbt.python.path` for a project's folder to one of the interpreters that were found, or to any other. */
export async function selectPython(context: CommandContext, argument: unknown): Promise<void> {
  const project = await pickProject(context, argument, "Select Python");
  if (!project) return;
  const { projects } = await context.server.request(doctorRequest, { projectDir: project.projectDir });
  const found = projects
    .flatMap(({ searched }) => searched)
    .flatMap(({ place, python, found, chosen }) =>
      python === undefined ? [] : [{ place, python, found: found ?? python, chosen }],
    );
  const choices: Choice[] = [
    {
      label: "$(search) Find by Itself",
      description: "recommended",
      choose: () => Promise.resolve(""),
    },
    { label: "$(folder-opened) Browse…", choose: browse },
    ...found.map(({ found: inWords, python, place, chosen }) => ({
      label: path.basename(python),
      description: chosen ? `${place} (in use)` : place,
      detail: inWords,
      choose: () => Promise.resolve(python),
    })),
  ];
  const picked = await vscode.window.showQuickPick(choices, {
    title: `Python of ${project.projectName}`,
    placeHolder: "Python that has dbt and SQLFluff",
    matchOnDescription: true,
    matchOnDetail: true,
  });
  const python = await picked?.choose();
  if (python === null || python === undefined) return;
  await write(project.projectDir, python);
}

async function browse(): Promise<string | null> {
  const [file] =
    (await vscode.window.showOpenDialog({ title: "Python interpreter", openLabel: "Use This Python" })) ?? [];
  return file?.fsPath ?? null;
}

/** Into the folder's settings, relative to it where the interpreter lies within, so that a team can share them. */
async function write(projectDir: string, python: string): Promise<void> {
  const resource = vscode.Uri.file(projectDir);
  const folder = vscode.workspace.getWorkspaceFolder(resource);
  const several = (vscode.workspace.workspaceFolders?.length ?? 0) > 1;
  const target = several ? vscode.ConfigurationTarget.WorkspaceFolder : vscode.ConfigurationTarget.Workspace;
  const inside = folder && python.startsWith(folder.uri.fsPath + path.sep);
  const value = inside
    ? `\${workspaceFolder}/${path.relative(folder.uri.fsPath, python).split(path.sep).join("/")}`
    : python || undefined;
  await vscode.workspace.getConfiguration("floeDbt", resource).update("python.path", value, target);
}
