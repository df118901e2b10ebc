import path from "node:path";
import { DbtConfigurationError, DbtUnavailableError } from "../errors.ts";
import type { CloudCall, CloudClient } from "./cloudClient.ts";
import type { CloudSession } from "./cloudOperations.ts";
import { listEnvironments } from "./environments.ts";
import { listJobs } from "./jobs.ts";
import { collectArtifacts } from "./runArtifacts.ts";
import { getRun, listRuns, type CloudRun } from "./runs.ts";

/** The newest artifacts there are of an environment, and whose they are. */
export interface EnvironmentArtifacts {
  runId: number;
  dir: string;
  commit: string | null;
  finishedAt: string | null;
  /** The environment they are of; null where it is not known. */
  environmentId: string | null;
  /** Why it may be older than what dbt Cloud has: it could not be asked. */
  outdated: string | null;
}

/** How many of the newest runs are looked at for one that has a manifest. */
const candidates = 20;
/** Projects whose environments are looked through. */
const mostProjects = 5;
/** A compile that was started from an editor or a terminal: it deploys nothing, and is of the commit of whoever wanted it. */
const isTrial = ({ trigger }: CloudRun): boolean =>
  /^Floe dbt: dbt compile\b.*\(floe-dbt-/.test(trigger?.cause ?? "");

/**
 * Artifacts of the newest run that ended well: of manifest.yaml's environment, else of its jobs. Where dbt Cloud cannot be asked, the
 * newest that were kept, however old.
 * @param deployed leaves out what was compiled on trial
 * @throws DbtConfigurationError if there are none
 */
export async function environmentArtifacts(
  session: CloudSession,
  call: CloudCall,
  { deployed = false } = {},
): Promise<EnvironmentArtifacts> {
  const { client, cache, settings } = session;
  const { environmentId = null, jobIds } = settings.config ?? {};
  const jobId = jobIds?.compile ?? jobIds?.run ?? null;
  if (environmentId === null && jobId === null) {
    throw new DbtConfigurationError(
      "manifest.yaml names neither environment_id nor job_ids, so whose manifest to take is not known.",
    );
  }
  try {
    const runs = await listRuns(
      client,
      {
        ...(environmentId === null ? { jobId: jobId ?? undefined } : { environmentId }),
        status: 10,
        limit: candidates,
        newestBy: "finished_at",
      },
      call,
    );
    const kept = await cache.kept(client.address);
    for (const each of deployed ? runs.filter((run) => !isTrial(run)) : runs) {
      const known = kept.find((run) => run.run_id === each.id && !cache.isExpired(run));
      const dir =
        known?.dir ?? (await collectArtifacts(client, cache, await getRun(client, each.id, call), call))?.dir;
      if (dir === undefined) continue;
      await cache.prune(client.address);
      return {
        runId: each.id,
        dir,
        commit: each.git_sha ?? null,
        finishedAt: each.finished_at ?? null,
        environmentId: environmentId ?? (each.environment_id == null ? null : String(each.environment_id)),
        outdated: null,
      };
    }
  } catch (error) {
    if (!(error instanceof DbtUnavailableError)) throw error;
    const newest = (await cache.kept(client.address))[0];
    if (!newest) throw error;
    const age = inHours(client.clock.now() - Date.parse(newest.finished_at ?? newest.fetched_at));
    return {
      runId: newest.run_id,
      dir: newest.dir,
      commit: newest.git_sha,
      finishedAt: newest.finished_at,
      environmentId,
      outdated: `dbt Cloud cannot be asked, so this is run ${newest.run_id} as it was kept, ${age} old. ${error.message}`,
    };
  }
  if (environmentId !== null) await requireEnvironment(client, environmentId, call);
  const whose = environmentId === null ? `job ${jobId ?? ""}` : `environment ${environmentId}`;
  throw new DbtConfigurationError(
    `No run of ${whose} in dbt Cloud has a manifest.json yet. Compile the project first.`,
  );
}

/**
 * Asked only where nothing of it was found. Where no job says which projects there are, nothing is claimed.
 * @throws DbtConfigurationError where there is no such environment; names those there are
 */
async function requireEnvironment(client: CloudClient, id: string, call: CloudCall): Promise<void> {
  const jobs = await listJobs(client, {}, call);
  const projectIds = [...new Set(jobs.flatMap(({ project_id }) => project_id ?? []))];
  const ofEach = await Promise.all(
    projectIds.slice(0, mostProjects).map((each) => listEnvironments(client, String(each), call)),
  );
  const all = ofEach.flat();
  if (all.length === 0 || projectIds.length > mostProjects || all.some((each) => String(each.id) === id))
    return;
  const names = all.map((each) => `${each.name ?? "?"} (${each.id})`).slice(0, 20);
  throw new DbtConfigurationError(
    `There is no environment ${id} in dbt Cloud, or the token may not see it. It has: ${names.join(", ")}.`,
  );
}

export const manifestOf = ({ dir }: { dir: string }): string => path.join(dir, "manifest.json");

const inHours = (milliseconds: number): string => {
  const hours = milliseconds / 3_600_000;
  return hours < 1
    ? "less than an hour"
    : hours < 48
      ? `${Math.round(hours)} hours`
      : `${Math.round(hours / 24)} days`;
};
