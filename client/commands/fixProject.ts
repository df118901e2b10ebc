import * as vscode from "vscode";
import { fixProjectRequest } from "../../protocol/requests.ts";
import { applyFixes } from "../fixes.ts";
import { inform, log } from "../log.ts";
import { describeFix } from "../summaries.ts";
import { pickProject } from "./pickProject.ts";
import type { CommandContext } from "./context.ts";

/** Mends all the linter can in a project; the editor's refactor preview asks before anything changes. */
export async function fixProject(context: CommandContext, argument: unknown): Promise<void> {
  const project = await pickProject(context, argument, "Fix Project", "fixText");
  if (!project) return;
  const result = await context.server.requestWithProgress(
    `Looking for fixes in ${project.projectName}`,
    fixProjectRequest,
    { projectDir: project.projectDir },
  );
  for (const { filePath, reason } of result.refused) log.warn(`${filePath} was left alone: ${reason}`);
  const previewAt = vscode.Uri.joinPath(vscode.Uri.file(project.projectDir), "dbt_project.yml");
  const applied = result.edit !== null && (await applyFixes(context.server, result.edit, { previewAt }));
  await inform(
    describeFix(result, applied),
    result.refused.length > 0 ? { title: "Show Log", command: "floeDbt.showLog" } : undefined,
  );
}
