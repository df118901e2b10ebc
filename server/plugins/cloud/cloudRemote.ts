import { mkdtemp, open, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import * as z from "zod";
import {
  jobKinds,
  type RemoteJob,
  type RemoteRun,
  type RemoteRunDetail,
  type SignInResult,
} from "../../../protocol/remote.ts";
import type { Call, ProjectRef, RemoteEnvironment } from "../dbtPlugin.ts";
import { DbtAuthenticationError, DbtConfigurationError, DbtError } from "../errors.ts";
import { getAccount } from "./account.ts";
import type { CloudCall, CloudClient } from "./cloudClient.ts";
import { CloudUncertainError } from "./cloudErrors.ts";
import { jobLink, runLink } from "./cloudLinks.ts";
import type { CloudSession } from "./cloudOperations.ts";
import { jobFor, type CloudSettings } from "./cloudSettings.ts";
import { listEnvironments, type CloudEnvironment } from "./environments.ts";
import { listJobs, type CloudJob } from "./jobs.ts";
import { getRun, hasEnded, listRuns, postRetry, runState, type CloudRun } from "./runs.ts";
import { plainLog, stepName, runSteps } from "./stepLog.ts";
import { secretKey } from "./tokens.ts";
import { cancelRun } from "./watchRun.ts";

export interface CloudRemoteDeps {
  sessionOf: (project: ProjectRef, token?: string) => Promise<CloudSession>;
  tokenOf: (settings: CloudSettings) => string | null;
  keepToken: (project: ProjectRef, settings: CloudSettings, token: string | null) => void;
  chooseJob: RemoteEnvironment["chooseJob"];
  /** Takes secrets out of what dbt and dbt Cloud say. */
  clean: (text: string) => string;
  /** What the Discovery API does not let this token read, in a sentence. */
  missingStates: (session: CloudSession, call: CloudCall) => Promise<string | null>;
}

/** Runs that are listed. */
const recent = 30;
/** Milliseconds that jobs and environments are good for where nobody asked for them just now. */
const seldomChanges = 300_000;
/** Runs that have ended whose steps and artifacts are kept: they do not change any more. */
const keptRuns = 50;
/** Characters of a log or an artifact that are shown. */
const longestText = 5_000_000;

/** dbt Cloud as a person sees it: jobs, environments, recent runs. All of it on demand, a few requests each time. */
export function cloudRemote(deps: CloudRemoteDeps): RemoteEnvironment {
  const hurried = (call: Call = {}): CloudCall => ({ signal: call.signal, hurried: true });
  const settled = new Map<string, { at: number; jobs: CloudJob[]; environments: CloudEnvironment[] }>();
  const ended = new Map<string, RemoteRunDetail>();
  /** Another token may see other things. */
  const forget = ({ projectDir }: ProjectRef): void => {
    settled.delete(projectDir);
    ended.clear();
  };

  /** Jobs and environments of a project's environment. */
  async function settledOf({ client, settings, project }: CloudSession, call: CloudCall, again: boolean) {
    const known = settled.get(project.projectDir);
    if (known && again && client.clock.now() - known.at < seldomChanges) return known;
    const environmentId = settings.config?.environmentId ?? undefined;
    const jobs = await listJobs(client, environmentId === undefined ? {} : { environmentId }, call);
    const projectId = jobs.find(({ project_id }) => project_id != null)?.project_id;
    const environments = projectId == null ? [] : await listEnvironments(client, String(projectId), call);
    const now = { at: client.clock.now(), jobs, environments };
    settled.set(project.projectDir, now);
    return now;
  }

  return {
    async signIn(project, token) {
      const trimmed = token.trim();
      if (!/^[\x21-\x7e]{8,}$/.test(trimmed)) {
        throw new DbtAuthenticationError("That is no token: it is one word of letters, digits and signs.");
      }
      const session = await deps.sessionOf(project, trimmed);
      const result = await checkToken(session, deps);
      forget(project);
      deps.keepToken(project, session.settings, trimmed);
      return result;
    },

    async signOut(project) {
      const { settings } = await deps.sessionOf(project);
      forget(project);
      deps.keepToken(project, settings, null);
      return { secretKey: secretKey(settings) ?? "" };
    },

    async overview(project, call, again = false) {
      const session = await deps.sessionOf(project);
      const { client, settings } = session;
      const { address } = client;
      const base = {
        host: address.host,
        accountId: address.accountId,
        link: `${address.origin}/deploy/${address.accountId}`,
        message: null,
        jobs: [],
        environments: [],
        runs: [],
      };
      if (deps.tokenOf(settings) === null) return { ...base, state: "signedOut" };
      try {
        const environmentId = settings.config?.environmentId ?? undefined;
        const [{ jobs, environments }, runs] = await Promise.all([
          settledOf(session, hurried(call), again),
          listRuns(client, { environmentId, limit: recent }, hurried(call)),
        ]);
        return {
          ...base,
          state: "ready",
          jobs: jobs.map((job) => remoteJob(job, session)),
          environments: environments.map((each) => ({
            id: String(each.id),
            name: each.name ?? String(each.id),
            kind: each.deployment_type ?? each.type ?? null,
            dbtVersion: each.dbt_version ?? null,
            branch: each.use_custom_branch ? (each.custom_branch ?? null) : null,
            own: String(each.id) === environmentId,
          })),
          runs: runs.map((run) => remoteRun(run, client)),
        };
      } catch (error) {
        if (!(error instanceof DbtError)) throw error;
        const signedOut = error instanceof DbtAuthenticationError;
        return { ...base, state: signedOut ? "signedOut" : "failed", message: error.message };
      }
    },

    async run(project, runId, call) {
      const { client } = await deps.sessionOf(project);
      const id = idOf(runId);
      const key = `${client.address.origin} ${client.address.accountId} ${id}`;
      const known = ended.get(key);
      if (known) return known;
      const run = await getRun(client, id, hurried(call));
      const steps = (run.run_steps ?? []).toSorted((a, b) => a.index - b.index);
      const detail: RemoteRunDetail = {
        run: remoteRun(run, client),
        steps: runSteps(run).map((step, at) => ({ ...step, index: steps[at]?.index ?? at + 1 })),
        artifacts: hasEnded(run) ? await artifactNames(client, id, hurried(call)) : [],
      };
      // Artifacts may come a moment after the end.
      if (detail.artifacts.length === 0) return detail;
      ended.set(key, detail);
      for (const oldest of [...ended.keys()].slice(0, -keptRuns)) ended.delete(oldest);
      return detail;
    },

    async text(project, runId, what) {
      const { client } = await deps.sessionOf(project);
      const id = idOf(runId);
      if ("step" in what) {
        const run = await getRun(client, id, hurried());
        const step = run.run_steps?.find(({ index }) => index === what.step);
        if (!step) throw new DbtConfigurationError(`Run ${id} has no step ${what.step}.`);
        const log = plainLog(step.logs ?? step.truncated_debug_logs ?? "");
        return log.trim() === ""
          ? `${stepName(step)} has logged nothing yet.`
          : deps.clean(log.slice(-longestText));
      }
      return deps.clean(await artifactText(client, id, what.artifact));
    },

    async cancel(project, runId) {
      const { client } = await deps.sessionOf(project);
      const run = await getRun(client, idOf(runId), hurried());
      return (await cancelRun(client, run, undefined)).words;
    },

    async retry(project, runId) {
      const { client } = await deps.sessionOf(project);
      const id = idOf(runId);
      try {
        const run = await postRetry(client, id, hurried());
        return `Run ${run.id} goes on where run ${id} failed: ${runLink(client.address, run)}`;
      } catch (error) {
        if (!(error instanceof CloudUncertainError)) throw error;
        throw new CloudUncertainError(
          `${error.message} Whether it was started is not known: look at the runs before you try again.`,
          { cause: error },
        );
      }
    },
    chooseJob: (project, kind, jobId) => deps.chooseJob(project, kind, jobId),
  };
}

/** Whose the token is, and what it may not. @throws DbtAuthenticationError where it is good for nothing */
async function checkToken(
  session: CloudSession,
  { missingStates }: Pick<CloudRemoteDeps, "missingStates">,
): Promise<SignInResult> {
  const { client, settings } = session;
  const call: CloudCall = { hurried: true };
  const missing: string[] = [];
  const may = async <Value>(what: string, ask: () => Promise<Value>): Promise<Value | null> => {
    try {
      return await ask();
    } catch (error) {
      if (!(error instanceof DbtAuthenticationError) || error.message.includes("does not accept"))
        throw error;
      missing.push(what);
      return null;
    }
  };
  const account = await may("It may not see the account.", () => getAccount(client, call));
  const jobs = await may("It may not see jobs: nothing can be run with it.", () =>
    listJobs(client, {}, call),
  );
  await may("It may not see runs.", () => listRuns(client, { limit: 1 }, call));
  if (account === null && jobs === null) {
    throw new DbtAuthenticationError(
      `This token is not for account ${client.address.accountId} of ${client.address.host}, or may see nothing there.`,
    );
  }
  const states = await missingStates(session, call);
  if (states !== null) missing.push(states);
  return {
    host: client.address.host,
    accountId: client.address.accountId,
    accountName: account?.name ?? null,
    missing,
    secretKey: secretKey(settings) ?? "",
  };
}

function remoteJob(job: CloudJob, { client, settings }: CloudSession): RemoteJob {
  const id = String(job.id);
  return {
    id,
    name: job.name ?? `Job ${id}`,
    environmentId: job.environment_id == null ? null : String(job.environment_id),
    steps: job.execute_steps ?? [],
    link: jobLink(client.address, id, job.project_id),
    usedFor: jobKinds.filter((kind) => jobFor(kind, settings) === id),
  };
}

function remoteRun(run: CloudRun, client: CloudClient): RemoteRun {
  const at = (text: string | null | undefined): number | null => {
    const milliseconds = Date.parse(text ?? "");
    return Number.isNaN(milliseconds) ? null : milliseconds;
  };
  return {
    id: String(run.id),
    state: runState(run.status),
    jobName: run.job?.name ?? null,
    cause: run.trigger?.cause?.replace(/\s*\(floe-dbt-[0-9a-f-]+\)$/, "") ?? null,
    commit: run.git_sha ?? null,
    branch: run.git_branch ?? null,
    createdAt: at(run.created_at),
    startedAt: at(run.started_at),
    finishedAt: at(run.finished_at),
    link: runLink(client.address, run),
  };
}

async function artifactNames(client: CloudClient, id: number, call: CloudCall): Promise<string[]> {
  const { data } = await client.get(z.array(z.string()).nullable(), `v2:runs/${id}/artifacts/`, {}, call);
  return (data ?? []).toSorted();
}

async function artifactText(client: CloudClient, id: number, name: string): Promise<string> {
  if (name.split("/").includes("..")) throw new DbtConfigurationError(`${name} is no artifact.`);
  const dir = await mkdtemp(path.join(tmpdir(), "floe-dbt-artifact-"));
  try {
    const file = path.join(dir, "artifact");
    const at = name.split("/").map(encodeURIComponent).join("/");
    const bytes = await client.download(`v2:runs/${id}/artifacts/${at}`, {}, file, { hurried: true });
    if (bytes === null) throw new DbtConfigurationError(`Run ${id} has no ${name}.`);
    const handle = await open(file, "r");
    try {
      const { buffer, bytesRead } = await handle.read(Buffer.alloc(Math.min(bytes, longestText)), 0);
      return buffer.toString("utf8", 0, bytesRead);
    } finally {
      await handle.close();
    }
  } finally {
    await rm(dir, { recursive: true, force: true });
  }
}

function idOf(runId: string): number {
  const id = Number(runId);
  if (!/^\d+$/.test(runId) || !Number.isSafeInteger(id))
    throw new DbtConfigurationError(`"${runId}" is no run.`);
  return id;
}
