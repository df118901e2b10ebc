import { restartProjectRequest, setUpEnvironmentRequest } from "../../protocol/requests.ts";
import { inform } from "../log.ts";
import { pickProject } from "./pickProject.ts";
import type { CommandContext } from "./context.ts";

/** Makes a virtual environment with dbt and SQLFluff for a project, and starts its processes afresh with it. */
export async function setUpEnvironment(context: CommandContext, argument: unknown): Promise<void> {
  const project = await pickProject(context, argument, "Set Up Environment", "setUpEnvironment");
  if (!project) return;
  const { projectDir, projectName } = project;
  const { python } = await context.server.requestWithProgress(
    `Setting up an environment for ${projectName}`,
    setUpEnvironmentRequest,
    { projectDir },
  );
  await context.server.request(restartProjectRequest, { projectDir });
  await inform(`${projectName} now uses ${python}.`, { title: "Doctor", command: "floeDbt.showDoctor" });
}
