import * as vscode from "vscode";
import {
  can,
  cannot,
  needOf,
  projectCapabilities,
  type ProjectCapability,
} from "../protocol/capabilities.ts";
import type { RunRequest } from "../protocol/run.ts";
import type { ProjectStatus } from "../protocol/runtime.ts";
import { projectOfActiveFile } from "./activeProject.ts";
import type { LanguageServer } from "./languageServer.ts";
import { setContext } from "./setContext.ts";

/**
 * The context keys that menus ask (scripts/manifest.mjs): `floeDbt.can.preview`, whether a project here can, and
 * `floeDbt.fileCan.preview`, whether that of the active file can, where it is of one.
 */
export function keepCapabilityKeys(server: LanguageServer): vscode.Disposable {
  const shown = new Map<string, boolean>();
  const show = (key: string, value: boolean): void => {
    if ((shown.get(key) ?? false) === value) return;
    shown.set(key, value);
    setContext(key, value);
  };
  const update = (): void => {
    const { projects } = server;
    // While the server starts afresh, the menus stay as they were.
    if (projects.length === 0 && server.hasProjects) return;
    const active = projectOfActiveFile(projects);
    for (const what of projectCapabilities) {
      show(
        `floeDbt.can.${what}`,
        projects.some((project) => can(project, what)),
      );
      show(
        `floeDbt.fileCan.${what}`,
        (active ? [active] : projects).some((project) => can(project, what)),
      );
    }
  };
  update();
  return vscode.Disposable.from(
    server.onDidChange(update),
    vscode.window.onDidChangeActiveTextEditor(update),
  );
}

/** @throws an error for a person if none of these projects has it */
export function refuseUnable(projects: readonly ProjectStatus[], what: ProjectCapability | undefined): void {
  const [first] = projects;
  if (!first || what === undefined || projects.some((project) => can(project, what))) return;
  throw new Error(cannot(first.runtime, what));
}

/** Whether a project's environment can do this run; unknown projects are the server's to refuse. */
export function canRun(projects: readonly ProjectStatus[], request: RunRequest): boolean {
  const need = needOf(request);
  const project = projects.find(({ projectDir }) => projectDir === request.projectDir);
  return need === undefined || project === undefined || can(project, need);
}
