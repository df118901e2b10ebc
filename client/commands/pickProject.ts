import path from "node:path";
import * as vscode from "vscode";
import { can, type ProjectCapability } from "../../protocol/capabilities.ts";
import type { ProjectStatus } from "../../protocol/runtime.ts";
import { refuseUnable } from "../capabilities.ts";
import { projectOfActiveFile } from "../activeProject.ts";
import { projectOf } from "../projectOf.ts";
import type { CommandContext } from "./context.ts";

const rememberedKey = "floeDbt.lastProject";

/** The project that an argument names, where it names one. */
function projectNamed(projects: readonly ProjectStatus[], argument: unknown): ProjectStatus | undefined {
  const named = pathOf(argument);
  return named === undefined ? undefined : projectOf(named, projects);
}

/**
 * The projects a command may be about: the one its argument names; that of the active file, where it is about that (so its
 * `palette` says); else any.
 */
export function projectsMeant(
  projects: readonly ProjectStatus[],
  argument: unknown,
  palette: string | undefined,
): readonly ProjectStatus[] {
  const ofFile = palette?.includes("floeDbt.activeFileInProject") ?? false;
  const meant = projectNamed(projects, argument) ?? (ofFile ? projectOfActiveFile(projects) : undefined);
  return meant ? [meant] : projects;
}

/**
 * The project a command is for: the one its argument names (a folder's path, the URI of a file in it, a row of it), else the only
 * one, else the one a person picks: the last pick is offered first, then that of the active file.
 * @param needs what its environment must be able to do
 * @returns undefined if the person picked none
 * @throws if there is no project, or none that can do it
 */
export async function pickProject(
  { server, memory }: CommandContext,
  argument: unknown,
  title: string,
  needs?: ProjectCapability,
): Promise<ProjectStatus | undefined> {
  const meant = projectNamed(server.projects, argument);
  refuseUnable(meant ? [meant] : server.projects, needs);
  if (meant) return meant;
  const projects = server.projects.filter((project) => needs === undefined || can(project, needs));
  const [first, ...others] = projects;
  if (!first) throw new Error("Floe dbt has found no dbt project in this workspace yet.");
  if (others.length === 0) return first;

  const likely = [memory.get<string>(rememberedKey), projectOfActiveFile(projects)?.projectDir];
  const rank = ({ projectDir }: ProjectStatus): number => {
    const place = likely.indexOf(projectDir);
    return place < 0 ? likely.length : place;
  };
  const items = projects
    .toSorted((a, b) => rank(a) - rank(b))
    .map((project) => ({
      label: project.projectName,
      description: vscode.workspace.asRelativePath(project.projectDir, true).split(path.sep).join("/"),
      project,
    }));
  const picked = await vscode.window.showQuickPick(items, {
    title,
    placeHolder: "Which dbt project?",
    matchOnDescription: true,
  });
  if (picked) await memory.update(rememberedKey, picked.project.projectDir);
  return picked?.project;
}

function pathOf(argument: unknown): string | undefined {
  if (argument instanceof vscode.Uri) return argument.fsPath;
  const row = argument !== null && typeof argument === "object" && "projectDir" in argument;
  const named = row ? argument.projectDir : argument;
  return typeof named === "string" ? named : undefined;
}
