import * as z from "zod";
import type { CloudCall, CloudClient } from "./cloudClient.ts";
import { CloudNotFoundError } from "./cloudErrors.ts";

/** `/runs/` of the Admin API: one run, lists of them, cancel and retry. dbt Cloud leaves out or nulls whatever it likes. */

/** Ids are 64-bit there, and below 2^53 so far: a number that would be rounded is refused. */
export const cloudIdSchema = z.number().refine(Number.isSafeInteger);

const stepSchema = z.object({
  id: cloudIdSchema.nullish(),
  index: z.number(),
  name: z.string().nullish(),
  status: z.number().nullish(),
  logs: z.string().nullish(),
  truncated_debug_logs: z.string().nullish(),
  started_at: z.string().nullish(),
  finished_at: z.string().nullish(),
});
export type CloudStep = z.output<typeof stepSchema>;

export const runSchema = z.object({
  id: cloudIdSchema,
  job_definition_id: cloudIdSchema.nullish(),
  environment_id: cloudIdSchema.nullish(),
  project_id: cloudIdSchema.nullish(),
  status: z.number(),
  status_message: z.string().nullish(),
  git_branch: z.string().nullish(),
  git_sha: z.string().nullish(),
  dbt_version: z.string().nullish(),
  artifacts_saved: z.boolean().nullish(),
  has_docs_generated: z.boolean().nullish(),
  created_at: z.string().nullish(),
  started_at: z.string().nullish(),
  finished_at: z.string().nullish(),
  queued_duration: z.string().nullish(),
  run_duration: z.string().nullish(),
  trigger: z.object({ cause: z.string().nullish(), git_branch: z.string().nullish() }).nullish(),
  job: z.object({ name: z.string().nullish() }).nullish(),
  run_steps: z.array(stepSchema).nullish(),
});
export type CloudRun = z.output<typeof runSchema>;

export type CloudRunState = "queued" | "running" | "success" | "error" | "cancelled" | "unknown";

/** An unknown number is no end: only the deadline is. */
export function runState(status: number): CloudRunState {
  switch (status) {
    case 1:
    case 2:
      return "queued";
    case 3:
      return "running";
    case 10:
      return "success";
    case 20:
      return "error";
    case 30:
      return "cancelled";
    default:
      return "unknown";
  }
}

export const hasEnded = (run: Pick<CloudRun, "status">): boolean =>
  ["success", "error", "cancelled"].includes(runState(run.status));

const withSteps = JSON.stringify(["run_steps"]);
const withTrigger = JSON.stringify(["trigger", "job"]);

export async function getRun(client: CloudClient, id: number, call: CloudCall): Promise<CloudRun> {
  try {
    return (await client.get(runSchema, `v2:runs/${id}/`, { include_related: withSteps }, call)).data;
  } catch (error) {
    if (!(error instanceof CloudNotFoundError)) throw error;
    const { host } = client.address;
    throw new CloudNotFoundError(`dbt Cloud (${host}) has no run ${id}, or the token may not see it.`);
  }
}

export interface RunFilter {
  jobId?: string | undefined;
  environmentId?: string | undefined;
  projectId?: string | undefined;
  status?: number;
  limit: number;
  /** Newest first by what: when it was made, or when it ended. */
  newestBy?: "id" | "finished_at";
}

export async function listRuns(client: CloudClient, filter: RunFilter, call: CloudCall): Promise<CloudRun[]> {
  const { data } = await client.get(
    z.array(runSchema).nullable(),
    "v2:runs/",
    {
      job_definition_id: filter.jobId,
      environment_id: filter.environmentId,
      project_id: filter.projectId,
      status: filter.status,
      order_by: `-${filter.newestBy ?? "id"}`,
      limit: filter.limit,
      include_related: withTrigger,
    },
    call,
  );
  return data ?? [];
}

export interface TriggerBody {
  cause: string;
  steps_override: string[];
  generate_docs_override: false;
  git_sha?: string;
  timeout_seconds_override?: number;
}

/** @throws CloudUncertainError where a run may have been made */
export const postTrigger = (
  client: CloudClient,
  jobId: string,
  body: TriggerBody,
  call: CloudCall,
): Promise<CloudRun> => client.post(runSchema, `v2:jobs/${jobId}/run/`, body, call);

export const postCancel = (client: CloudClient, id: number, call: CloudCall): Promise<CloudRun> =>
  client.post(runSchema, `v2:runs/${id}/cancel/`, undefined, call);

/** From the point of failure, as a new run. @throws CloudUncertainError where a run may have been made */
export const postRetry = (client: CloudClient, id: number, call: CloudCall): Promise<CloudRun> =>
  client.post(runSchema, `v2:runs/${id}/retry/`, undefined, call);
