import { logOf, type EmulatedJob, type EmulatedRun, type EmulatedStep } from "./emulatedRun.ts";
import { okStatus } from "./faults.ts";

/** Bodies as dbt Cloud writes them, nulls included. */

/** "2021-11-26 16:48:41.431645+00:00" */
const date = (milliseconds: number | null): string | null =>
  milliseconds === null
    ? null
    : new Date(milliseconds).toISOString().replace("T", " ").replace("Z", "000+00:00");

const duration = (from: number | null, to: number | null): string => {
  const seconds = from === null || to === null ? 0 : Math.round((to - from) / 1000);
  return new Date(seconds * 1000).toISOString().slice(11, 19);
};

const words: Record<number, string> = {
  1: "Queued",
  2: "Starting",
  3: "Running",
  10: "Success",
  20: "Error",
  30: "Cancelled",
};

export function runBody(
  run: EmulatedRun,
  accountId: number,
  related: readonly string[],
): Record<string, unknown> {
  return {
    id: run.id,
    trigger_id: run.id + 1,
    account_id: accountId,
    environment_id: run.job.environmentId,
    project_id: run.job.projectId,
    job_definition_id: run.job.id,
    status: run.status,
    dbt_version: "versionless",
    git_branch: "main",
    git_sha: run.gitSha,
    status_message: run.status === 20 ? "This run failed." : null,
    owner_thread_id: null,
    executed_by_thread_id: null,
    deferring_run_id: null,
    artifacts_saved: run.status >= 10 && run.status < 30,
    artifact_s3_path: null,
    has_docs_generated: run.steps.some(({ name, status }) => name.includes("docs generate") && status === 10),
    has_sources_generated: false,
    notifications_sent: false,
    blocked_by: [],
    created_at: date(run.createdAt),
    updated_at: date(run.finishedAt ?? run.createdAt),
    dequeued_at: date(run.startedAt),
    started_at: date(run.startedAt),
    finished_at: date(run.finishedAt),
    last_checked_at: null,
    last_heartbeat_at: null,
    should_start_at: null,
    trigger: related.includes("trigger")
      ? {
          cause: run.request.cause,
          job_definition_id: run.job.id,
          git_branch: run.request.git_branch ?? null,
          git_sha: run.request.git_sha ?? null,
          steps_override: run.request.steps_override ?? null,
          schema_override: null,
          threads_override: null,
          target_name_override: null,
          generate_docs_override: run.request.generate_docs_override ?? null,
          timeout_seconds_override: null,
          cause_category: "api",
        }
      : null,
    job: related.includes("job") ? internalJob(run.job, accountId) : null,
    environment: null,
    run_steps: related.includes("run_steps") ? run.steps.map((step) => stepBody(run, step, accountId)) : [],
    deprecation: null,
    status_humanized: words[run.status] ?? "Unknown",
    in_progress: run.status < 10,
    is_complete: run.status >= 10,
    is_success: run.status === 10,
    is_error: run.status === 20,
    is_cancelled: run.status === 30,
    duration: duration(run.createdAt, run.finishedAt),
    queued_duration: duration(run.createdAt, run.startedAt),
    run_duration: duration(run.startedAt, run.finishedAt),
    duration_humanized: "0 minutes",
    queued_duration_humanized: "0 minutes",
    run_duration_humanized: "0 minutes",
    created_at_humanized: "just now",
  };
}

function stepBody(run: EmulatedRun, step: EmulatedStep, accountId: number): Record<string, unknown> {
  return {
    id: run.id * 10 + step.index,
    run_id: run.id,
    account_id: accountId,
    index: step.index,
    status: step.status,
    name: step.name,
    logs: logOf(step),
    debug_logs: null,
    log_path: null,
    debug_log_path: null,
    truncated_debug_logs: null,
    started_at: date(step.startedAt),
    finished_at: date(step.finishedAt),
  };
}

const internalJob = (job: EmulatedJob, accountId: number) => ({
  account_id: accountId,
  project_id: job.projectId,
  environment_id: job.environmentId,
  name: job.name,
  dbt_version: null,
  execute_steps: job.steps,
  generate_docs: job.generateDocs,
});

export const jobBody = (job: EmulatedJob, accountId: number) => ({
  id: job.id,
  account_id: accountId,
  project_id: job.projectId,
  environment_id: job.environmentId,
  name: job.name,
  description: "",
  dbt_version: null,
  deferring_environment_id: null,
  deferring_job_definition_id: null,
  execute_steps: job.steps,
  generate_docs: job.generateDocs,
  job_type: "other",
  raw_dbt_version: null,
  run_generate_sources: false,
  state: 1,
});

export const envelope = (data: unknown): string => JSON.stringify({ status: okStatus, data });

export const listEnvelope = (
  rows: readonly unknown[],
  total: number,
  limit: number,
  offset: number,
  orderBy: string,
): string =>
  JSON.stringify({
    status: okStatus,
    data: rows,
    extra: {
      filters: { limit, offset },
      order_by: orderBy,
      pagination: { count: rows.length, total_count: total },
    },
  });
