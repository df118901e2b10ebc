import path from "node:path";
import * as vscode from "vscode";
import type { ProjectStatus } from "../../protocol/runtime.ts";
import { projectOf } from "../projectOf.ts";
import type { CommandContext } from "./context.ts";

const rememberedKey = "floeDbt.lastProject";

/**
 * The project a command is for: the one its argument names (a folder's path, or the URI of a file in it), else the only
 * one, else the one a person picks; the last pick is offered first.
 * @returns undefined if the person picked none
 * @throws if there is no project
 */
export async function pickProject(
  { server, memory }: CommandContext,
  argument: unknown,
  title: string,
): Promise<ProjectStatus | undefined> {
  const { projects } = server;
  const named = argument instanceof vscode.Uri ? argument.fsPath : argument;
  const meant = typeof named === "string" ? projectOf(named, projects) : undefined;
  if (meant) return meant;
  const [first, ...others] = projects;
  if (!first) throw new Error("Floe dbt has found no dbt project in this workspace yet.");
  if (others.length === 0) return first;

  const active = vscode.window.activeTextEditor?.document.uri.fsPath;
  const likely =
    memory.get<string>(rememberedKey) ??
    (active === undefined ? "" : projectOf(active, projects)?.projectDir);
  const items = projects
    .toSorted((a, b) => Number(b.projectDir === likely) - Number(a.projectDir === likely))
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
