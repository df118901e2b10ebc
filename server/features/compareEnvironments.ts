import { LSPErrorCodes, ResponseError } from "vscode-languageserver/node";
import { compareEnvironmentsRequest } from "../../protocol/requests.ts";
import { compareEnvironments } from "../compare/compareEnvironments.ts";
import { comparisonMarkdown } from "../compare/comparisonReport.ts";
import type { Feature } from "./feature.ts";
import { signalOf } from "./guard.ts";
import { withProgress } from "./progress.ts";
import { projectsOf } from "./projectCommands.ts";

/** dbt/compareEnvironments: what differs between two environments. */
export const environmentComparison: Feature = {
  register(context) {
    context.answer(compareEnvironmentsRequest, "Comparing environments", async (params, token) => {
      const [project] = await projectsOf(context, { projectDir: params.projectDir });
      if (!project) throw new ResponseError(LSPErrorCodes.RequestFailed, "There is no such project.");
      const { config } = project;
      const comparison = await withProgress(
        context,
        {
          title: `Comparing ${params.left} and ${params.right}`,
          token: params.workDoneToken,
          signal: signalOf(token),
        },
        ({ signal, report }) =>
          compareEnvironments(
            { ...project.ref, name: config.name },
            { left: project.pluginOf(params.left), right: project.pluginOf(params.right) },
            {
              storageDir: context.storageDir,
              target: project.status.target,
              ...(params.changedOnly && { changedOnly: true }),
              signal,
              onProgress: report,
            },
          ),
      );
      return { comparison, markdown: comparisonMarkdown(comparison) };
    });
  },
};
