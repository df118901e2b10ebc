import path from "node:path";
import * as vscode from "vscode";
import { activeProject } from "../activeProject.ts";
import { canRun } from "../capabilities.ts";
import type { LanguageServer } from "../languageServer.ts";
import { runTitle, wholeProject } from "../runs/command.ts";
import type { Runs } from "../runs/runs.ts";

const type = "floeDbt";
const offered = ["build", "run", "test", "compile"] as const;
/** So long a task that starts with its window waits for the projects to be found, in milliseconds. */
const patienceMs = 15_000;
const definitions = () => import("./taskDefinition.ts");

/** Tasks of type `floeDbt`: the usual commands for each project, and whatever tasks.json says. */
export function provideRunTasks(server: LanguageServer, runs: Runs): vscode.Disposable {
  const execution = (definition: vscode.TaskDefinition, scope: vscode.Task["scope"]) =>
    new vscode.CustomExecution(async () => {
      const [{ readDefinition, requestOf }, { RunTerminal }] = await Promise.all([
        definitions(),
        import("./runTerminal.ts"),
      ]);
      return new RunTerminal(runs, async () => {
        const read = readDefinition(definition);
        await firstProject(server);
        return requestOf(read, projectDirOf(server, read.projectDir, scope));
      });
    });
  const task = (definition: vscode.TaskDefinition, name: string, scope: vscode.Task["scope"]): vscode.Task =>
    new vscode.Task(
      definition,
      scope ?? vscode.TaskScope.Workspace,
      name,
      "dbt",
      execution(definition, scope),
      "$floeDbt",
    );

  return vscode.tasks.registerTaskProvider(type, {
    provideTasks: () =>
      server.projects.flatMap((project) => {
        const { projectDir, projectName } = project;
        const folder = vscode.workspace.getWorkspaceFolder(vscode.Uri.file(projectDir));
        const relative = folder && path.relative(folder.uri.fsPath, projectDir).split(path.sep).join("/");
        const able = offered.filter((verb) => canRun([project], { projectDir, verb }));
        return able.map((command) => {
          const definition = { type, command, ...(relative ? { projectDir: relative } : {}) };
          const what = server.projects.length > 1 ? projectName : wholeProject;
          const made = task(definition, runTitle(command, what).toLowerCase(), folder);
          if (command === "build") made.group = vscode.TaskGroup.Build;
          if (command === "test") made.group = vscode.TaskGroup.Test;
          return made;
        });
      }),
    // The definition must stay the same object: it is how VS Code knows the task again.
    resolveTask: (unresolved) => task(unresolved.definition, unresolved.name, unresolved.scope),
  });
}

async function firstProject(server: LanguageServer): Promise<void> {
  const found = Promise.withResolvers<undefined>();
  const look = (): void => {
    if (server.projects.length > 0) found.resolve(undefined);
  };
  const listening = server.onDidChange(look);
  const timer = setTimeout(() => found.resolve(undefined), patienceMs);
  look();
  await found.promise;
  listening.dispose();
  clearTimeout(timer);
}

/** @throws an error for a person where there is no such project */
function projectDirOf(
  { projects }: LanguageServer,
  named: string | undefined,
  scope: vscode.Task["scope"],
): string {
  const [only] = projects;
  if (!only) throw new Error("Floe dbt has found no dbt project in this workspace yet.");
  const folder = typeof scope === "object" ? scope : vscode.workspace.workspaceFolders?.[0];
  if (named === undefined) {
    const inFolder = projects.filter(({ projectDir }) => projectDir === folder?.uri.fsPath);
    return (inFolder[0] ?? activeProject(projects) ?? only).projectDir;
  }
  const absolute = path.resolve(folder?.uri.fsPath ?? "", named);
  const project = projects.find(({ projectDir }) => path.relative(projectDir, absolute) === "");
  if (!project) throw new Error(`There is no dbt project in ${absolute}.`);
  return project.projectDir;
}
