import { mkdir, rm, stat } from "node:fs/promises";
import path from "node:path";
import PQueue from "p-queue";
import * as z from "zod";
import type { DbtCompilationResult } from "../../../protocol/compilation.ts";
import { parseJson } from "../../../protocol/json.ts";
import type { RedactingLog } from "../../platform/log.ts";
import type { Call, ListedNode, ManifestUpdate, ProjectRef, RunSelection } from "../dbtPlugin.ts";
import { DbtCancelledError, DbtCompilationError } from "../errors.ts";
import { createStaleManifests } from "../staleManifests.ts";
import { createTurns } from "../turns.ts";
import { readArtifact, type ArtifactName } from "../local/artifacts.ts";
import { requireProject } from "../local/localEnvironment.ts";
import { engineFailure } from "./engineFailure.ts";
import type { EngineOutcome } from "./engineEvents.ts";
import { requireEngine, type FusionEnvironment } from "./fusionEnvironment.ts";
import { requirePackages } from "./packagesInstalled.ts";
import { runEngine, type EngineCommand, type EngineVerb } from "./runEngine.ts";
import { runResult } from "./runResult.ts";

export type RunVerb = "run" | "test" | "build" | "seed" | "snapshot" | "compile";

export interface FusionCommandsDeps {
  log: RedactingLog;
  environmentOf: (project: ProjectRef, signal?: AbortSignal) => Promise<FusionEnvironment>;
  /** Folder of ours for artifacts of the background. */
  privateDirOf: (project: ProjectRef) => string;
}

export type FusionCommands = ReturnType<typeof createFusionCommands>;

/**
 * The engine's commands on the user's own target. Those that write to the warehouse go one after another: a second one on
 * the same tables, or on a DuckDB file, would only fail. A compile waits for none of them.
 */
export function createFusionCommands(deps: FusionCommandsDeps) {
  const { log } = deps;
  const { inTurn, idle } = createTurns();
  const stale = createStaleManifests();

  const parses = new Map<string, PQueue>();
  /** One parse at a time in the folder of the live manifest. */
  function manifests<T>(project: ProjectRef, work: () => Promise<T>): Promise<T> {
    const key = deps.privateDirOf(project);
    const queue = parses.get(key) ?? new PQueue({ concurrency: 1 });
    parses.set(key, queue);
    return queue.add(work);
  }

  /** The environment a command runs in. @throws DbtError where there is none, or packages are missing */
  async function ready(project: ProjectRef, call: Call, needsPackages = true) {
    const environment = await deps.environmentOf(project, call.signal);
    if (call.signal?.aborted) throw new DbtCancelledError("Cancelled.");
    const engine = requireEngine(environment);
    if (needsPackages) await requirePackages(environment.config);
    const command = (verb: EngineVerb, more: Partial<EngineCommand> = {}): EngineCommand => ({
      dbt: engine.dbt,
      verb,
      cwd: project.projectDir,
      profilesDir: project.profilesDir ?? environment.config.profile.dir ?? undefined,
      target: project.target,
      env: environment.env,
      ...more,
    });
    return { environment, engine, command, config: environment.config };
  }

  async function resultOf(
    verb: RunVerb,
    project: ProjectRef,
    selection: RunSelection,
    call: Call,
  ): Promise<DbtCompilationResult> {
    const { command, config } = await ready(project, call);
    const outcome = await runEngine(command(verb, { selection }), log, call);
    if (!ranNodes(outcome)) throw engineFailure(verb, outcome, config);
    return runResult(outcome, config, {
      fullRefresh: selection.fullRefresh === true,
      clean: (text) => log.redactValues(text),
    });
  }

  return {
    ready,

    compile: (project: ProjectRef, call: Call): Promise<string> =>
      stale.writing(project, async () => {
        const { command, config } = await ready(project, call);
        const outcome = await runEngine(command("compile"), log, call);
        if (outcome.exitCode === 0) return path.join(config.paths.target, "manifest.json");
        const failure = engineFailure("compile", outcome, config);
        if (failure.kind !== "execution") throw failure;
        const { filePath, line } = failure;
        throw new DbtCompilationError(failure.message, {
          ...(filePath !== undefined && { filePath }),
          ...(line !== undefined && { line }),
        });
      }),

    compileSelection: (project: ProjectRef, selection: RunSelection, call: Call) =>
      stale.writing(project, () => resultOf("compile", project, selection, call)),

    run: (verb: RunVerb, project: ProjectRef, selection: RunSelection, call: Call) =>
      inTurn(project, call, () => stale.writing(project, () => resultOf(verb, project, selection, call))),

    async deps(project: ProjectRef, call: Call): Promise<void> {
      const { command, config } = await ready(project, call, false);
      const outcome = await runEngine(command("deps"), log, call);
      if (outcome.exitCode !== 0) throw engineFailure("deps", outcome, config);
    },

    async list(project: ProjectRef, selection: RunSelection, call: Call): Promise<ListedNode[]> {
      const { command, config } = await ready(project, call);
      const privateDir = path.join(deps.privateDirOf(project), "list");
      await mkdir(privateDir, { recursive: true });
      const keys = ["unique_id", "name", "resource_type", "package_name", "original_file_path"];
      const args = ["--output=json", "--output-keys", keys.join(" ")];
      const outcome = await runEngine(command("ls", { selection, privateDir, args }), log, call);
      if (outcome.exitCode !== 0) throw engineFailure("list", outcome, config);
      return outcome.listed.flatMap((line) => listedNode(line, config.projectDir));
    },

    async artifact(project: ProjectRef, name: ArtifactName): Promise<Record<string, unknown>> {
      await requireProject(project.projectDir);
      if (name === "manifest.json") stale.requireFresh(project);
      const { config } = await deps.environmentOf(project);
      return readArtifact(config.paths.target, name);
    },

    /** What the engine makes of the saved project, in a folder of ours; it reads only what changed. */
    async manifestUpdate(project: ProjectRef, since: string | null, call: Call): Promise<ManifestUpdate> {
      const { command, config, engine } = await ready(project, call);
      const privateDir = path.join(deps.privateDirOf(project), "manifest");
      await mkdir(privateDir, { recursive: true });
      const file = path.join(privateDir, "manifest.json");
      const token = async (): Promise<string | null> =>
        stat(file).then(
          ({ mtimeMs, size }) => `${mtimeMs} ${size}`,
          () => null,
        );
      const args = engine.features.has("partialParse") ? ["--partial-parse"] : [];
      // Without a manifest of its own to go on from it has to write one.
      const isNew = (await token()) === null;
      if (isNew) await rm(path.join(privateDir, "metadata"), { recursive: true, force: true });
      const outcome = await manifests(project, () =>
        runEngine(command("parse", { privateDir, args }), log, call),
      );
      const current = await token();
      if (outcome.exitCode !== 0 || current === null) throw engineFailure("parse", outcome, config);
      return current === since ? { token: current, changed: {} } : { token: current, file };
    },

    /** Resolves when no command of the project runs or waits. */
    async drained(project: ProjectRef): Promise<void> {
      await idle(project.projectDir);
    },

    async allDrained(): Promise<void> {
      await idle();
    },
  };
}

/** Whether a command came as far as its nodes, or had none to do: then what it did is a result, however it ended. */
function ranNodes(outcome: EngineOutcome): boolean {
  if (outcome.nodes.size > 0) return true;
  return outcome.exitCode === 0;
}

const listed = z.looseObject({
  unique_id: z.string(),
  name: z.string(),
  resource_type: z.string(),
  package_name: z.string(),
  original_file_path: z.string().nullish(),
});

function listedNode(line: string, projectDir: string): ListedNode[] {
  const parsed = listed.safeParse(parseJson(line));
  if (!parsed.success) return [];
  const { unique_id, name, resource_type, package_name, original_file_path } = parsed.data;
  // A generic test is said to be in a file the engine has made for it.
  const isMade = /generic_tests[\\/]/.test(original_file_path ?? "");
  return [
    {
      uniqueId: unique_id,
      name,
      resourceType: resource_type,
      packageName: package_name,
      filePath: original_file_path && !isMade ? path.resolve(projectDir, original_file_path) : null,
    },
  ];
}
