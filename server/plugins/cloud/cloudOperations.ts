import { randomUUID } from "node:crypto";
import type { DbtCompilationResult } from "../../../protocol/compilation.ts";
import type { RunStep } from "../../../protocol/run.ts";
import type { RedactingLog } from "../../platform/log.ts";
import type { TriggerQuestion } from "../../../protocol/remote.ts";
import type { Call, DbtEvent, NodeState, ProjectRef, RunSelection } from "../dbtPlugin.ts";
import { DbtCancelledError, DbtConfigurationError, DbtError, DbtExecutionError } from "../errors.ts";
import type { CloudCall, CloudClient } from "./cloudClient.ts";
import { CloudNotFoundError } from "./cloudErrors.ts";
import { runLink } from "./cloudLinks.ts";
import { jobFor, type CloudSettings } from "./cloudSettings.ts";
import { divergence, gitState, type GitState } from "./gitState.ts";
import { manifestOf } from "./environmentManifest.ts";
import { getJob, listJobs, type CloudJob } from "./jobs.ts";
import { LiveNodes } from "./liveNodes.ts";
import { NodeNames, type ReadManifest } from "./nodeNames.ts";
import type { PendingRun, PendingRuns } from "./pendingRuns.ts";
import { collectArtifacts, runFailure } from "./runArtifacts.ts";
import type { RunCache } from "./runCache.ts";
import { runResult } from "./runResult.ts";
import { getRun, runState, type CloudRun, type TriggerBody } from "./runs.ts";
import { loggedWarnings, LogReader, runSteps } from "./stepLog.ts";
import { stepCommand, type CloudVerb } from "./stepCommand.ts";
import { findByMarker, triggerOnce } from "./triggerRun.ts";
import { cancelRun, RunTimeout, unseenSeconds, watchRun } from "./watchRun.ts";

/** One project in its account. */
export interface CloudSession {
  project: ProjectRef;
  settings: CloudSettings;
  client: CloudClient;
  cache: RunCache;
  pollSeconds: number;
  timeoutSeconds: number;
}

export interface CloudOperationsDeps {
  log: RedactingLog;
  env: NodeJS.ProcessEnv;
  pending: PendingRuns;
  readManifest: ReadManifest;
  /** Markers of the runs that somebody here waits for. */
  awaited: Set<string>;
  /** @returns the job to use; null where it must not run */
  confirm?:
    ((question: TriggerQuestion, signal: AbortSignal | undefined) => Promise<string | null>) | undefined;
}

/** What an operation ended with. */
export interface Done {
  result: DbtCompilationResult;
  run: CloudRun;
  /** Folder of the run's artifacts. */
  dir: string;
  /** How its nodes did, where it was one that runs nodes. */
  states: NodeState[];
}

/**
 * Runs one dbt command as a run of a job. Exactly one run, whatever happens on the way: see triggerOnce. Cancelled here, it is
 * cancelled there. Where we lose sight of it (signed out, no network), it is said that it goes on, and where.
 * @param detached fires when nobody here waits any more: the run goes on, and can be taken up again
 */
export async function carryOut(
  verb: CloudVerb,
  session: CloudSession,
  selection: RunSelection,
  call: Call,
  detached: AbortSignal,
  deps: CloudOperationsDeps,
): Promise<Done> {
  const { client, settings, project } = session;
  const command = stepCommand(verb, selection);
  const waiting = cloudCall(call, AbortSignal.any([detached, ...(call.signal ? [call.signal] : [])]));
  const git = await gitState(project.projectDir, { env: deps.env, log: deps.log, signal: call.signal });
  const jobId = await chooseJob(verb, command, session, git, waiting, deps);

  await settleOlder(session, jobId, waiting, deps);
  const marker = `floe-dbt-${randomUUID()}`;
  const record: PendingRun = {
    marker,
    origin: client.address.origin,
    accountId: client.address.accountId,
    projectDir: project.projectDir,
    jobId,
    verb,
    command,
    runId: null,
    link: null,
    at: client.clock.now(),
    pid: process.pid,
  };
  const body: TriggerBody = {
    cause: `Floe dbt: ${command}`.slice(0, 250 - marker.length) + ` (${marker})`,
    steps_override: [command],
    generate_docs_override: false,
    ...(sendsHead(verb, settings, git) && { git_sha: git.head }),
  };
  deps.awaited.add(marker);
  try {
    await deps.pending.save(record);
    const run = await triggered(client, record, body, waiting, deps);
    const known = { ...record, runId: run.id, link: runLink(client.address, run) };
    await deps.pending.save(known);
    return await follow(session, known, run, git, call, detached, deps);
  } finally {
    deps.awaited.delete(marker);
  }
}

async function triggered(
  client: CloudClient,
  { jobId, marker }: PendingRun,
  body: TriggerBody,
  call: CloudCall,
  { pending }: CloudOperationsDeps,
): Promise<CloudRun> {
  try {
    return await triggerOnce(client, jobId, marker, body, call);
  } catch (error) {
    // Where dbt Cloud refused it, or it never was sent, there is nothing to come. Else the next trigger looks again.
    if (!(error instanceof DbtError) || error.kind !== "unavailable") await pending.remove(marker);
    throw error;
  }
}

/** Takes up a run that was triggered before, by this process or one that is gone. */
export async function takeUp(
  session: CloudSession,
  record: PendingRun,
  call: Call,
  detached: AbortSignal,
  deps: CloudOperationsDeps,
): Promise<Done> {
  const { client, project } = session;
  const waiting = cloudCall(call, call.signal);
  const git = await gitState(project.projectDir, { env: deps.env, log: deps.log, signal: call.signal });
  deps.awaited.add(record.marker);
  try {
    const run = await visible(client, record, waiting);
    const known = {
      ...record,
      runId: run.id,
      link: runLink(client.address, run),
      pid: process.pid,
    };
    await deps.pending.save(known);
    return await follow(session, known, run, git, call, detached, deps);
  } catch (error) {
    if (error instanceof CloudNotFoundError) await deps.pending.remove(record.marker);
    throw error;
  } finally {
    deps.awaited.delete(record.marker);
  }
}

/** The run of a record, also where its trigger was so short a time ago that it is not to be seen yet. @throws CloudNotFoundError */
async function visible(
  client: CloudClient,
  { runId, jobId, marker, at }: PendingRun,
  call: CloudCall,
): Promise<CloudRun> {
  for (;;) {
    const isYoung = client.clock.now() - at < unseenSeconds * 1000 && call.signal?.aborted !== true;
    try {
      const run =
        runId === null ? await findByMarker(client, jobId, marker, call) : await getRun(client, runId, call);
      if (run) return run;
      if (!isYoung) throw new CloudNotFoundError("It never became a run.");
    } catch (error) {
      if (!(error instanceof CloudNotFoundError) || !isYoung) throw error;
    }
    await client.clock.sleep(2000, call.signal);
  }
}

async function follow(
  session: CloudSession,
  record: PendingRun,
  first: CloudRun,
  git: GitState | null,
  call: Call,
  detached: AbortSignal,
  deps: CloudOperationsDeps,
): Promise<Done> {
  const { client, project } = session;
  const link = runLink(client.address, first);
  const notice = (message: string): void => call.onEvent?.({ type: "notice", message });
  call.onEvent?.({ type: "runLink", url: link });
  const waiting = cloudCall(call, AbortSignal.any([detached, ...(call.signal ? [call.signal] : [])]));
  const logs = new LogReader();
  const nodes = new LiveNodes(await keptNames(session, deps, waiting), (event) => call.onEvent?.(event));
  let wasCut = false;
  let lastSteps = "";
  let shown: RunStep[] = [];
  const onRun = (run: CloudRun): void => {
    for (const line of logs.next(run, runState(run.status) !== "running")) {
      const { text, uniqueId } = nodes.read(line);
      for (const told of logs.told(text)) {
        const message = deps.log.redactValues(told);
        call.onEvent?.({ type: "log", level: "info", message, ...(uniqueId !== null && { uniqueId }) });
      }
    }
    const doing = nodes.doing;
    const steps = runSteps(run).map((step) =>
      step.state === "running" && doing !== null ? { ...step, doing: deps.log.redactValues(doing) } : step,
    );
    const text = JSON.stringify(steps);
    if (steps.length > 0 && text !== lastSteps) call.onEvent?.({ type: "steps", steps });
    shown = steps;
    lastSteps = text;
    if (logs.isCut && !wasCut) notice("dbt logged more than a megabyte; all of it is in the run's steps.");
    wasCut = logs.isCut;
  };
  let run: CloudRun;
  try {
    run = await watchRun(
      client,
      {
        run: first,
        pollSeconds: session.pollSeconds,
        timeoutSeconds: session.timeoutSeconds,
        since: record.at,
        onRun,
      },
      waiting,
    );
  } catch (error) {
    if (call.signal?.aborted || error instanceof RunTimeout) {
      const { words } = await cancelRun(client, first, notice);
      call.onEvent?.({ type: "steps", steps: shown.map(stoppedStep) });
      await deps.pending.remove(record.marker);
      if (!(error instanceof RunTimeout)) throw new DbtCancelledError(words);
      throw new DbtExecutionError(`${error.message} ${words}`, { cause: error });
    }
    if (detached.aborted) {
      throw new DbtCancelledError(`Not watched any more; run ${first.id} goes on in dbt Cloud: ${link}`);
    }
    if (error instanceof DbtExecutionError) await deps.pending.remove(record.marker);
    nodes.letGo();
    throw lostSight(error, first, link);
  }
  await deps.pending.remove(record.marker);
  if (runState(run.status) === "cancelled") {
    throw new DbtCancelledError(`Run ${run.id} was cancelled in dbt Cloud: ${link}`);
  }
  const differs = divergence(run.git_sha ?? null, git);
  if (differs !== null) notice(differs);
  return collect(session, record, run, git, link, call, nodes, deps, project.projectDir);
}

/** What the newest manifest that was kept of the account calls its nodes; null where there is none. Asks nothing of dbt Cloud. */
async function keptNames(
  { cache, client }: CloudSession,
  deps: CloudOperationsDeps,
  call: CloudCall,
): Promise<NodeNames | null> {
  const [newest] = await cache.kept(client.address);
  return newest ? namesIn(manifestOf(newest), deps, call) : null;
}

async function namesIn(
  manifestPath: string,
  { readManifest, log }: CloudOperationsDeps,
  { signal = new AbortController().signal }: CloudCall,
): Promise<NodeNames | null> {
  try {
    return await NodeNames.of(manifestPath, readManifest, signal);
  } catch (error) {
    log.debug(`What ${manifestPath} calls its nodes is not known: ${String(error)}`);
    return null;
  }
}

async function collect(
  session: CloudSession,
  record: PendingRun,
  run: CloudRun,
  git: GitState | null,
  link: string,
  call: Call,
  nodes: LiveNodes,
  deps: CloudOperationsDeps,
  projectDir: string,
): Promise<Done> {
  const { client, cache } = session;
  const waiting = cloudCall(call, call.signal);
  const artifacts = await collectArtifacts(client, cache, run, waiting);
  if (!artifacts) throw await runFailure(run, projectDir, link, (text) => deps.log.redactValues(text));
  const { dir, step, files } = artifacts;
  const { result, events } = await runResult(
    files,
    projectDir,
    (await namesIn(files.manifestPath, deps, waiting))?.facts ?? new Map(),
    {
      success: runState(run.status) === "success",
      seconds: secondsBetween(run.started_at ?? run.created_at, run.finished_at),
      warnings: loggedWarnings(step.logs ?? "").map((text) => deps.log.redactValues(text)),
      metadata: {
        run_id: run.id,
        job_id: record.jobId,
        account_id: client.address.accountId,
        commit: run.git_sha ?? null,
        branch: run.git_branch ?? null,
        differs_from_working_tree: divergence(run.git_sha ?? null, git) !== null,
        changed_files: git?.changedFiles ?? null,
        queued_seconds: secondsBetween(run.created_at, run.started_at),
        url: link,
      },
    },
    (text) => deps.log.redactValues(text),
  );
  for (const event of nodes.untold(events)) call.onEvent?.(event);
  const states = record.verb === "compile" ? [] : statesOf(events, Date.parse(run.finished_at ?? ""));
  return { result, run, dir, states };
}

function statesOf(events: readonly DbtEvent[], finishedAt: number): NodeState[] {
  const at = Number.isNaN(finishedAt) ? null : finishedAt;
  return events.flatMap((event) => {
    if (event.type !== "nodeFinished") return [];
    const { uniqueId, status, seconds, message = null } = event;
    return [{ uniqueId, status, seconds, message, at }];
  });
}

/** A job, named by configuration or by the person who is asked. @throws DbtConfigurationError, naming the jobs there are */
async function chooseJob(
  verb: CloudVerb,
  command: string,
  { client, settings, project }: CloudSession,
  git: GitState | null,
  call: CloudCall,
  deps: CloudOperationsDeps,
): Promise<string> {
  const filter = settings.config?.environmentId ? { environmentId: settings.config.environmentId } : {};
  const known = async (): Promise<CloudJob[]> => listJobs(client, filter, call);
  const facts = (each: CloudJob) => ({
    id: String(each.id),
    name: each.name ?? `Job ${each.id}`,
    environment: each.environment_id == null ? null : String(each.environment_id),
  });
  const jobId = jobFor(verb, settings);
  let job: CloudJob | null = null;
  if (jobId !== null) {
    try {
      job = await getJob(client, jobId, call);
    } catch (error) {
      if (!(error instanceof CloudNotFoundError)) throw error;
      throw new DbtConfigurationError(
        `There is no job ${jobId} in dbt Cloud, or the token may not see it. ${named((await known()).map(facts))}`,
        { cause: error },
      );
    }
  }
  if (!deps.confirm) {
    if (jobId !== null) return jobId;
    throw new DbtConfigurationError(
      `No dbt Cloud job is chosen for "dbt ${verb}": set job_ids.${verb === "compile" || verb === "test" ? verb : "run"} in manifest.yaml. ${named((await known()).map(facts))}`,
    );
  }
  const commit = sendsHead(verb, settings, git)
    ? `your commit ${git.head.slice(0, 7)}${git.branch === null ? "" : ` (${git.branch})`}`
    : "the commit its environment is at";
  const agreed = await deps.confirm(
    {
      projectDir: project.projectDir,
      host: client.address.host,
      accountId: client.address.accountId,
      verb,
      command,
      job: job && facts(job),
      commit,
      jobs: job ? [] : (await known()).map(facts),
    },
    call.signal,
  );
  if (agreed === null) throw new DbtCancelledError("Nothing was started in dbt Cloud.");
  return agreed;
}

const named = (jobs: readonly { id: string; name: string }[]): string =>
  jobs.length === 0
    ? "It shows no job at all."
    : `It has: ${jobs
        .slice(0, 20)
        .map(({ id, name }) => `${name} (${id})`)
        .join(", ")}.`;

/** Triggers whose answer was lost and whose run had not appeared then: it may have since. */
async function settleOlder(
  { client, project }: CloudSession,
  jobId: string,
  call: CloudCall,
  { pending, awaited, log }: CloudOperationsDeps,
): Promise<void> {
  for (const record of await pending.abandoned(project.projectDir)) {
    if (record.runId !== null || record.jobId !== jobId || awaited.has(record.marker)) continue;
    try {
      const run = await findByMarker(client, jobId, record.marker, { ...call, hurried: true });
      if (run) {
        call.onNotice?.(
          `An earlier request that dbt Cloud gave no answer to has become run ${run.id}: ${runLink(client.address, run)}`,
        );
      }
      await pending.remove(record.marker);
    } catch (error) {
      log.debug(`An earlier trigger is still not settled: ${String(error)}`);
    }
  }
}

function sendsHead(verb: CloudVerb, settings: CloudSettings, git: GitState | null): git is GitState {
  return git?.pushed === true && (verb === "compile" || settings.commit === "head");
}

/** How a step that had not ended is shown once its run is cancelled. */
function stoppedStep(step: RunStep): RunStep {
  const { name, state, seconds } = step;
  if (state === "queued") return { name, seconds, state: "skipped" };
  return state === "running" ? { name, seconds, state: "cancelled" } : step;
}

/** The same error, saying that the run goes on without us. */
function lostSight(error: unknown, run: CloudRun, link: string): unknown {
  if (!(error instanceof DbtError) || error instanceof DbtExecutionError) return error;
  const message = `${error.message} Run ${run.id} goes on in dbt Cloud: ${link}`;
  const details = { cause: error, ...(error.remedy && { remedy: error.remedy }) };
  return new (error.constructor as new (message: string, details: object) => DbtError)(message, details);
}

const cloudCall = ({ onEvent }: Call, signal: AbortSignal | undefined): CloudCall => ({
  signal,
  onNotice: (message) => onEvent?.({ type: "notice", message }),
});

function secondsBetween(from: string | null | undefined, to: string | null | undefined): number {
  const [start, end] = [Date.parse(from ?? ""), Date.parse(to ?? "")];
  return Number.isNaN(start) || Number.isNaN(end) ? 0 : Math.max(0, (end - start) / 1000);
}
