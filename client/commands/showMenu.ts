import * as vscode from "vscode";
import { can } from "../../protocol/capabilities.ts";
import type { ProjectStatus, Remedy } from "../../protocol/runtime.ts";
import { activeProject } from "../activeProject.ts";
import { runRemedy } from "../log.ts";
import { commandFacts, type CommandId } from "./list.ts";
import type { CommandContext } from "./context.ts";

const offered: readonly CommandId[] = [
  "floeDbt.showDoctor",
  "floeDbt.buildProject",
  "floeDbt.runSelector",
  "floeDbt.selectTarget",
  "floeDbt.selectRuntime",
  "floeDbt.compareEnvironments",
  "floeDbt.lintProject",
  "floeDbt.fixProject",
  "floeDbt.setUpEnvironment",
  "floeDbt.selectPython",
  "floeDbt.restartServer",
  "floeDbt.showLog",
  "floeDbt.openSettings",
];

/** The menu behind the status bar item: the remedy first, where there is one, then what one can do with the project. */
export async function showMenu({ server }: CommandContext): Promise<void> {
  const project = activeProject(server.projects);
  const remedies: Remedy[] =
    project?.remedy?.command === undefined ? trustRemedy(server.state) : [project.remedy];
  const items = [
    ...remedies.map((remedy) => ({
      label: `$(lightbulb) ${remedy.title}`,
      ...(project?.reason === undefined ? {} : { detail: project.reason }),
      remedy,
    })),
    ...offered
      .filter((id) => offers(project, id))
      .map((id) => ({
        label: `${commandFacts[id].icon} ${commandFacts[id].title}`,
        remedy: {
          title: commandFacts[id].title,
          command: id,
          arguments: project ? [project.projectDir] : [],
        },
      })),
  ];
  const title = project ? `Floe dbt: ${project.projectName}` : "Floe dbt";
  const picked = await vscode.window.showQuickPick(items, { title, placeHolder: "Choose an action" });
  if (picked) await runRemedy(picked.remedy);
}

function offers(project: ProjectStatus | undefined, id: CommandId): boolean {
  const { needs } = commandFacts[id];
  return needs === undefined || project === undefined || can(project, needs);
}

function trustRemedy(state: string): Remedy[] {
  return state === "restricted"
    ? [{ title: "Manage Workspace Trust", command: "workbench.trust.manage" }]
    : [];
}
