import type { RemoteRun } from "../../protocol/remote.ts";
import { toSnakeCaseKeys } from "../../protocol/json.ts";
import { DbtConfigurationError } from "../plugins/errors.ts";
import { secretVariable } from "../plugins/cloud/cloudSettings.ts";
import type { ProjectRef, RemoteEnvironment } from "../plugins/dbtPlugin.ts";
import { type CommandContext, openProject, type ProjectOptions } from "./projects.ts";
import type { DataFormat } from "./run.ts";

export interface CloudOptions extends ProjectOptions {
  format: DataFormat;
}

/** `floe-dbt cloud runs`: the newest first. */
export const runCloudRuns = (options: CloudOptions, context: CommandContext): Promise<0> =>
  inCloud(options, context, async (remote, project, tokenVariable) => {
    const { state, message, runs, host } = await remote.overview(project, { signal: context.signal });
    if (state !== "ready") {
      throw new DbtConfigurationError(
        message ?? `There is no token for dbt Cloud (${host}): ${tokenVariable} holds none.`,
      );
    }
    if (runs.length === 0) context.terminal.words(`No runs yet in dbt Cloud (${host}).`);
    context.terminal.data(
      options.format === "json"
        ? JSON.stringify(toSnakeCaseKeys(runs), null, 2)
        : runs.map(lineOf).join("\n"),
    );
  });

/** `floe-dbt cloud logs`: of every step, or of one. */
export const runCloudLogs = (
  runId: string,
  options: ProjectOptions & { step?: number },
  context: CommandContext,
): Promise<0> =>
  inCloud(options, context, async (remote, project) => {
    const { steps } = await remote.run(project, runId, { signal: context.signal });
    const wanted = steps.filter(({ index }) => options.step === undefined || options.step === index);
    if (wanted.length === 0) {
      throw new DbtConfigurationError(`Run ${runId} has ${steps.length} steps, and none of that number.`);
    }
    for (const { index, name, state } of wanted) {
      context.terminal.words(`${index}. ${name} (${state})`);
      context.terminal.data(await remote.text(project, runId, { step: index }));
    }
  });

/** `floe-dbt cloud cancel`. */
export const runCloudCancel = (runId: string, options: ProjectOptions, context: CommandContext): Promise<0> =>
  inCloud(options, context, async (remote, project) => {
    context.terminal.words(await remote.cancel(project, runId));
  });

async function inCloud(
  options: ProjectOptions,
  context: CommandContext,
  work: (remote: RemoteEnvironment, project: ProjectRef, tokenVariable: string) => Promise<void>,
): Promise<0> {
  await using opened = await openProject({ ...options, runtime: "cloud" }, context);
  const { plugin, project, config } = opened;
  if (!plugin.remote) throw new DbtConfigurationError("This environment does not run elsewhere.");
  const reference = config.runtimeConfig.cloud?.apiToken;
  await work(
    plugin.remote,
    project,
    reference ? secretVariable(reference) : "api_token_ref in manifest.yaml",
  );
  return 0;
}

function lineOf({ id, state, createdAt, commit, jobName, cause }: RemoteRun): string {
  const at = createdAt === null ? "" : new Date(createdAt).toISOString().slice(0, 16).replace("T", " ");
  return [
    id,
    state.padEnd(9),
    at.padEnd(16),
    (commit ?? "").slice(0, 7).padEnd(7),
    jobName ?? "",
    cause ?? "",
  ]
    .join("  ")
    .trimEnd();
}
