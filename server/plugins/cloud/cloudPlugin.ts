import { access, open, readFile, stat } from "node:fs/promises";
import path from "node:path";
import type { DbtCompilationResult } from "../../../protocol/compilation.ts";
import type { JobKind } from "../../../protocol/remote.ts";
import type { RuntimeMetadata } from "../../../protocol/runtime.ts";
import { systemClock, type Clock } from "../../platform/clock.ts";
import type { Http } from "../../platform/http.ts";
import type { RedactingLog } from "../../platform/log.ts";
import type {
  Call,
  DbtPlugin,
  DeployedState,
  ProjectRef,
  RunSelection,
  UnfinishedRun,
} from "../dbtPlugin.ts";
import { DbtCompilationError, DbtConfigurationError, DbtError } from "../errors.ts";
import { createStaleManifests } from "../staleManifests.ts";
import { withCapabilities } from "../withCapabilities.ts";
import { CloudClient } from "./cloudClient.ts";
import {
  carryOut,
  takeUp,
  type CloudOperationsDeps,
  type CloudSession,
  type Done,
} from "./cloudOperations.ts";
import { checkoutLint } from "./checkoutLint.ts";
import { cloudRemote } from "./cloudRemote.ts";
import { cloudReport } from "./cloudReport.ts";
import { resolveCloud, secretVariable, type CloudSettings } from "./cloudSettings.ts";
import type { CoolDowns } from "./coolDown.ts";
import { environmentArtifacts, manifestOf, type EnvironmentArtifacts } from "./environmentManifest.ts";
import { changedSince, divergence, gitState } from "./gitState.ts";
import type { ReadManifest } from "./nodeNames.ts";
import { NodeStates } from "./nodeStates.ts";
import { createPendingRuns } from "./pendingRuns.ts";
import { runLink } from "./cloudLinks.ts";
import { RunCache } from "./runCache.ts";
import type { CloudVerb } from "./stepCommand.ts";

export interface CloudPluginDeps {
  log: RedactingLog;
  env: NodeJS.ProcessEnv;
  /** Runs that are not settled are remembered in here. */
  storageDir: string;
  http: Http;
  /** Shared by all that talk to dbt Cloud in this process. */
  coolDowns: CoolDowns;
  readManifest: ReadManifest;
  clock?: Clock;
  settingsOf: (projectDir: string) => Promise<CloudSettings>;
  /** Null where nobody is signed in. */
  tokenOf: (settings: CloudSettings) => string | null;
  /** Somebody signed in or, with null, out. */
  keepToken?: (settings: CloudSettings, token: string | null) => void;
  chooseJob?: (projectDir: string, kind: JobKind, jobId: string | null) => Promise<void>;
  confirm?: CloudOperationsDeps["confirm"];
  /** Lints the checkout in dbt Cloud's stead, which has no API for it; absent where there is no linter. */
  linter?: DbtPlugin;
  /** Seconds; for tests. */
  requestSeconds?: number;
  downloadSeconds?: number;
}

/** Seconds what was fetched of a run is kept, ADR-0043's cache. */
const timeToLiveSeconds = 24 * 3600;
/** Seconds one answer to "what is the environment's manifest" is good for. */
const manifestSeconds = 60;
/** A larger one is for those who stream it. */
const largestParsed = 400_000_000;

/** dbt Cloud, through its Admin API: each command is a run of a job there, on a commit, never on the checkout. */
export function createCloudPlugin(deps: CloudPluginDeps): DbtPlugin {
  const { log, linter } = deps;
  const clock = deps.clock ?? systemClock;
  const pending = createPendingRuns(deps.storageDir);
  /** Markers of the runs that somebody here waits for. */
  const awaited = new Set<string>();
  const operationsDeps: CloudOperationsDeps = {
    log,
    env: deps.env,
    pending,
    readManifest: deps.readManifest,
    awaited,
    confirm: deps.confirm,
  };
  /** By project: fires when nobody waits for its runs any more. */
  const detachers = new Map<string, AbortController>();
  const lastDone = new Map<string, { dir: string }>();
  const stale = createStaleManifests();
  const newest = new Map<string, { at: number; artifacts: Promise<EnvironmentArtifacts> }>();
  const states = new NodeStates(clock, (text) => log.redactValues(text));

  async function sessionOf(project: ProjectRef, token?: string): Promise<CloudSession> {
    await requireProject(project.projectDir);
    const settings = await deps.settingsOf(project.projectDir);
    const { config, address } = resolveCloud(settings);
    return {
      project,
      settings,
      client: new CloudClient({
        http: deps.http,
        clock,
        log,
        coolDowns: deps.coolDowns,
        address,
        token: () => token ?? deps.tokenOf(settings),
        tokenVariable: config.apiToken && secretVariable(config.apiToken),
        ...(deps.requestSeconds !== undefined && { requestSeconds: deps.requestSeconds }),
        ...(deps.downloadSeconds !== undefined && { downloadSeconds: deps.downloadSeconds }),
      }),
      cache: new RunCache(project.projectDir, {
        disabled: settings.noCache === true,
        timeToLiveSeconds,
        now: () => clock.now(),
      }),
      pollSeconds: config.pollIntervalSeconds,
      timeoutSeconds: config.timeoutSeconds,
    };
  }

  const detacherOf = (project: ProjectRef): AbortController => {
    let detacher = detachers.get(project.projectDir);
    if (!detacher || detacher.signal.aborted) {
      detacher = new AbortController();
      detachers.set(project.projectDir, detacher);
    }
    return detacher;
  };

  async function remembering(project: ProjectRef, work: () => Promise<Done>): Promise<Done> {
    try {
      const done = await work();
      stale.clear(project);
      newest.delete(project.projectDir);
      lastDone.set(project.projectDir, done);
      states.ran(project.projectDir, done.states);
      return done;
    } catch (error) {
      if (error instanceof DbtCompilationError) stale.set(project, error.message);
      throw error;
    }
  }

  async function carry(
    verb: CloudVerb,
    project: ProjectRef,
    selection: RunSelection,
    call: Call,
  ): Promise<Done> {
    const session = await sessionOf(project);
    return remembering(project, () =>
      carryOut(verb, session, selection, call, detacherOf(project).signal, operationsDeps),
    );
  }

  const command =
    (verb: CloudVerb) =>
    async (
      project: ProjectRef,
      selection: RunSelection = {},
      call: Call = {},
    ): Promise<DbtCompilationResult> =>
      (await carry(verb, project, selection, call)).result;

  async function artifactsOf(project: ProjectRef, call: Call): Promise<EnvironmentArtifacts> {
    const known = newest.get(project.projectDir);
    const told = async (artifacts: Promise<EnvironmentArtifacts>): Promise<EnvironmentArtifacts> => {
      const { outdated } = await artifacts;
      if (outdated !== null) call.onEvent?.({ type: "notice", message: outdated });
      return artifacts;
    };
    if (known && clock.now() - known.at < manifestSeconds * 1000) return told(known.artifacts);
    const session = await sessionOf(project);
    const artifacts = environmentArtifacts(session, {
      signal: call.signal,
      hurried: true,
      onNotice: (message) => call.onEvent?.({ type: "notice", message }),
    });
    newest.set(project.projectDir, { at: clock.now(), artifacts });
    artifacts.catch(() => newest.delete(project.projectDir));
    return told(artifacts);
  }

  async function artifact(project: ProjectRef, name: "manifest.json" | "run_results.json", call: Call) {
    await requireProject(project.projectDir);
    if (name === "manifest.json") stale.requireFresh(project);
    const done = lastDone.get(project.projectDir);
    if (done) return readObject(path.join(done.dir, name));
    const artifacts = await artifactsOf(project, call);
    return readObject(path.join(artifacts.dir, name));
  }

  const lint = checkoutLint(linter, async (project) => (await dbtThere(project)).adapter);

  /** What dbt the environment's newest artifacts here are of; nulls where there are none. Asks nothing of dbt Cloud. */
  async function dbtThere(project: ProjectRef): Promise<Pick<RuntimeMetadata, "dbtVersion" | "adapter">> {
    const done = lastDone.get(project.projectDir);
    const session = await sessionOf(project).catch(() => null);
    const dir = done?.dir ?? (await session?.cache.kept(session.client.address))?.[0]?.dir;
    return dir === undefined ? { dbtVersion: null, adapter: null } : dbtOf(manifestOf({ dir }));
  }

  const plugin: Omit<DbtPlugin, "capabilities"> = {
    runtime: "cloud",
    supportsParallelExecution: () => true,
    supportsSqlLinting: (project) => lint.supported(project),

    async compileProject(project, call = {}) {
      const { result, run, dir } = await carry("compile", project, {}, call);
      if (result.success) return manifestOf({ dir });
      const failed = (
        result.metadata["nodes"] as { status: string; message: string | null; file: string | null }[]
      ).find(({ status }) => status === "error");
      const link = runLink((await sessionOf(project)).client.address, run);
      const message = `${failed?.message ?? `Run ${run.id} failed`}\n${link}`;
      stale.set(project, message);
      throw new DbtCompilationError(message, failed?.file ? { filePath: failed.file } : {});
    },
    runModels: command("run"),
    runTests: command("test"),
    build: command("build"),
    seed: command("seed"),
    snapshot: command("snapshot"),
    compileSelection: command("compile"),
    getManifest: (project, call = {}) => artifact(project, "manifest.json", call),
    getRunResults: (project, call = {}) => artifact(project, "run_results.json", call),

    async manifestUpdate(project, since, call = {}) {
      const artifacts = await artifactsOf(project, call);
      const token = `run ${artifacts.runId}`;
      return token === since
        ? { token, changed: {} }
        : { token, file: manifestOf(artifacts), origin: "environment" };
    },

    async deployed(project, call = {}): Promise<DeployedState> {
      const session = await sessionOf(project);
      const cloudCall = { signal: call.signal, hurried: true };
      const { runId, dir, commit, outdated } = await environmentArtifacts(session, cloudCall, {
        deployed: true,
      });
      const gitOptions = { env: deps.env, log, signal: call.signal };
      const differs = divergence(commit, await gitState(project.projectDir, gitOptions));
      return {
        manifestPath: manifestOf({ dir }),
        label: `run ${runId}`,
        commit,
        notices: [outdated, differs].filter((each) => each !== null),
        changed: await changedSince(project.projectDir, commit, gitOptions),
      };
    },

    async nodeStates(project, call = {}) {
      const { environmentId } = await artifactsOf(project, call);
      if (environmentId === null) return [];
      return states.of(await sessionOf(project), environmentId, { signal: call.signal, hurried: true });
    },

    async unfinishedRuns(project) {
      const records = await pending.abandoned(project.projectDir);
      return records
        .filter(({ marker }) => !awaited.has(marker))
        .map(({ marker, link, verb, command: text, at }): UnfinishedRun => ({
          id: marker,
          link,
          verb,
          command: text,
          startedAt: at,
        }));
    },
    async resumeRun(project, id, call = {}) {
      const record = (await pending.abandoned(project.projectDir)).find(({ marker }) => marker === id);
      if (!record) throw new DbtConfigurationError("This run is not waited for any more.");
      const session = await sessionOf(project);
      const { signal } = detacherOf(project);
      const done = await remembering(project, () => takeUp(session, record, call, signal, operationsDeps));
      return done.result;
    },

    async lintProject(project, request = {}, call = {}) {
      await requireProject(project.projectDir);
      return lint.lint(project, request, call);
    },
    fixText: (project, request, call = {}) => lint.fix(project, request, call),
    remote: cloudRemote({
      sessionOf,
      tokenOf: deps.tokenOf,
      clean: (text) => log.redactValues(text),
      keepToken(project, settings, token) {
        deps.keepToken?.(settings, token);
        newest.delete(project.projectDir);
        states.forget(project.projectDir);
      },
      missingStates: (session, call) => states.missing(session, call),
      chooseJob: (project, kind, jobId) =>
        deps.chooseJob?.(project.projectDir, kind, jobId) ?? Promise.resolve(),
    }),
    filesChanged: (project, paths) => linter?.filesChanged(project, paths),

    inspect: async (project, call = {}) => {
      await requireProject(project.projectDir);
      const report = await cloudReport(() => sessionOf(project), deps, call);
      const sqlfluff = await lint.look(project, call);
      const value =
        sqlfluff === null ? "nothing: there is no Python with SQLFluff here" : `SQLFluff ${sqlfluff}`;
      report.facts.push({ label: "The checkout is linted by", value });
      return report;
    },

    async getRuntimeMetadata(project, call = {}): Promise<RuntimeMetadata> {
      const nothing: RuntimeMetadata = { type: "cloud", dbtVersion: null, adapter: null, details: {} };
      try {
        const sqlfluffVersion = await lint.look(project, call);
        const session = await sessionOf(project);
        const { host, accountId } = session.client.address;
        const environmentId = session.settings.config?.environmentId ?? null;
        return {
          ...nothing,
          ...(await dbtThere(project)),
          details: { host, accountId, environmentId, sqlfluffVersion },
        };
      } catch (error) {
        log.debug(`What runs in dbt Cloud for ${project.projectDir} is not known: ${String(error)}`);
        return nothing;
      }
    },

    async stop(project) {
      detachers.get(project.projectDir)?.abort();
      newest.delete(project.projectDir);
      states.forget(project.projectDir);
      await linter?.stop(project);
    },
    async [Symbol.asyncDispose]() {
      for (const detacher of detachers.values()) detacher.abort();
      await linter?.[Symbol.asyncDispose]();
    },
  };
  const traits = ["fixText", "lintUnsaved"] as const;
  return withCapabilities(
    plugin,
    traits.filter((each) => linter?.capabilities.has(each)),
  );
}

async function requireProject(projectDir: string): Promise<void> {
  try {
    await access(path.join(projectDir, "dbt_project.yml"));
  } catch {
    throw new DbtConfigurationError(`There is no dbt project in ${projectDir}: it has no dbt_project.yml.`);
  }
}

async function readObject(filePath: string): Promise<Record<string, unknown>> {
  const { size } = await stat(filePath);
  if (size > largestParsed) {
    throw new DbtConfigurationError(
      `${filePath} is too large to be held in memory: ${Math.round(size / 1e6)} MB.`,
      {
        filePath,
      },
    );
  }
  try {
    const value: unknown = JSON.parse(await readFile(filePath, "utf8"));
    if (value !== null && typeof value === "object" && !Array.isArray(value) && "metadata" in value) {
      return value;
    }
  } catch (error) {
    if (error instanceof DbtError) throw error;
  }
  throw new DbtConfigurationError(`${filePath} is not a whole artifact of dbt.`, { filePath });
}

/** Version and adapter, from the head of a manifest: reading all of a large one for that would be slow. */
async function dbtOf(manifestPath: string): Promise<Pick<RuntimeMetadata, "dbtVersion" | "adapter">> {
  const file = await open(manifestPath, "r");
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(16_384), 0, 16_384, 0);
    const head = buffer.toString("utf8", 0, bytesRead);
    return {
      dbtVersion: /"dbt_version":\s*"([^"]+)"/.exec(head)?.[1] ?? null,
      adapter: /"adapter_type":\s*"([^"]+)"/.exec(head)?.[1] ?? null,
    };
  } finally {
    await file.close();
  }
}
