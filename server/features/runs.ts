import { LSPErrorCodes, ResponseError } from "vscode-languageserver/node";
import {
  cancelRunRequest,
  clearRunsRequest,
  runLogRequest,
  runsRequest,
  startRunRequest,
} from "../../protocol/requests.ts";
import type { Feature } from "./feature.ts";
import { projectsOf } from "./projectCommands.ts";

/** dbt/startRun, dbt/cancelRun, dbt/getRuns, dbt/getRunLog and dbt/clearRuns. */
export const runs: Feature = {
  register(context) {
    const { answer, projects } = context;
    projects.on({ configured: (project) => context.runs.open(project) });
    answer(startRunRequest, "Starting a run", async (request) => {
      const [project] = await projectsOf(context, { projectDir: request.projectDir });
      if (!project) throw new ResponseError(LSPErrorCodes.RequestFailed, "There is no dbt project.");
      return { id: context.runs.start(request, project) };
    });
    answer(cancelRunRequest, "Cancelling a run", async ({ id }) => {
      await context.runs.cancel(id);
      return null;
    });
    answer(runsRequest, "Listing runs", async ({ projectDir }) => {
      await projects.settled();
      await context.runs.ready();
      return { runs: context.runs.all(projectDir) };
    });
    answer(runLogRequest, "Reading a run's log", ({ id, uniqueId }) => {
      const text = context.runs.logOf(id, uniqueId);
      if (text === null)
        throw new ResponseError(LSPErrorCodes.RequestFailed, "This run is not known any more.");
      return { text };
    });
    answer(clearRunsRequest, "Clearing runs", ({ projectDir }) => {
      context.runs.clear(projectDir);
      return null;
    });
  },
};
