import { LSPErrorCodes, ResponseError } from "vscode-languageserver/node";
import {
  pythonInterpreterChanged,
  type ProjectParams,
  restartProjectRequest,
  setUpEnvironmentRequest,
} from "../../protocol/requests.ts";
import type { Feature, ServerContext } from "./feature.ts";
import { signalOf } from "./guard.ts";
import { withProgress } from "./progress.ts";
import { projectsOf } from "./projectCommands.ts";

/** dbt/setUpEnvironment, dbt/restartProject and dbt/pythonInterpreterChanged: the environment a project runs in. */
export const environment: Feature = {
  register(context) {
    const { answer, connection, guard, projects, linting } = context;
    answer(setUpEnvironmentRequest, "Setting up the environment", (params, token) =>
      setUpEnvironment(context, params, signalOf(token)),
    );
    answer(restartProjectRequest, "Restarting", async (params) => {
      await restart(context, params);
      return null;
    });
    connection.onNotification(
      pythonInterpreterChanged,
      guard.event("Changing the interpreter", async () => {
        await Promise.all(projects.all.filter((project) => project.started).map((project) => project.stop()));
        linting.relintOpen();
      }),
    );
  },
};

async function setUpEnvironment(
  context: ServerContext,
  params: ProjectParams,
  signal: AbortSignal,
): Promise<{ python: string }> {
  const [project, ...others] = await projectsOf(context, params);
  if (!project || others.length > 0) {
    throw new ResponseError(LSPErrorCodes.RequestFailed, "Say which project the environment is for.");
  }
  const plugin = project.plugin();
  const setUp = plugin.setUpEnvironment?.bind(plugin);
  if (!setUp) {
    throw new ResponseError(
      LSPErrorCodes.RequestFailed,
      `The ${plugin.runtime} runtime needs no environment of its own.`,
    );
  }
  const title = `Setting up an environment for ${project.config.name}`;
  const made = await withProgress(context, { title, token: params.workDoneToken, signal }, (progress) =>
    setUp(project.ref, project.config.profile.adapterType, {
      signal: progress.signal,
      onEvent: (event) => {
        if (event.type === "progress") progress.report(event.done, event.total, event.label);
      },
    }),
  );
  await restart(context, { projectDir: project.dir });
  return made;
}

async function restart(context: ServerContext, params: ProjectParams): Promise<void> {
  for (const project of await projectsOf(context, params)) {
    await project.stop();
    context.linting.relintOpen(project);
  }
  await context.projects.reload();
}
