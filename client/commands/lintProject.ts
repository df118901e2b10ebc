import { lintProjectRequest } from "../../protocol/requests.ts";
import { inform, log } from "../log.ts";
import { describeLint } from "../summaries.ts";
import { pickProject } from "./pickProject.ts";
import type { CommandContext } from "./context.ts";

/** Lints every file of a project; the issues arrive in Problems, file by file. */
export async function lintProject(context: CommandContext, argument: unknown): Promise<void> {
  const project = await pickProject(context, argument, "Lint Project", "lint");
  if (!project) return;
  const summary = await context.server.requestWithProgress(
    `Linting ${project.projectName}`,
    lintProjectRequest,
    { projectDir: project.projectDir },
  );
  for (const failure of summary.failures) log.error(failure);
  if (summary.failures.length > 0 && summary.files === 0) throw new Error(summary.failures.join(" "));
  const found = summary.errors + summary.warnings + summary.infos > 0;
  await inform(
    describeLint(summary),
    found ? { title: "Show Problems", command: "workbench.actions.view.problems" } : undefined,
  );
}
