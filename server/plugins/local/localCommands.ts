import { existsSync } from "node:fs";
import path from "node:path";
import * as z from "zod";
import { parseJson } from "../../../protocol/json.ts";
import type { DbtCompilationResult } from "../../../protocol/compilation.ts";
import type { WorkerRows } from "../../../protocol/worker.ts";
import type { RedactingLog } from "../../platform/log.ts";
import type { Call, ListedNode, ProjectRef, RunSelection } from "../dbtPlugin.ts";
import { DbtCancelledError, DbtCompilationError } from "../errors.ts";
import { createStaleManifests } from "../staleManifests.ts";
import { createTurns } from "../turns.ts";
import { compilationResult, readArtifact, type ArtifactName } from "./artifacts.ts";
import { flagValue, type DbtInvocation, type DbtVerb } from "./dbtArguments.ts";
import { runDbt } from "./dbtCommand.ts";
import type { DbtOutcome } from "./dbtEvents.ts";
import type { DbtRunner, RunnerLaunch } from "./dbtRunner.ts";
import { dbtFailure } from "./dbtFailure.ts";
import { requirePython, type LocalEnvironment } from "./localEnvironment.ts";

/** The verbs that write run_results.json. */
export type RunningVerb = "compile" | "run" | "test" | "build" | "seed" | "snapshot";

export interface LocalCommands {
  compile(project: ProjectRef, call: Call): Promise<string>;
  run(
    verb: RunningVerb,
    project: ProjectRef,
    selection: RunSelection,
    call: Call,
  ): Promise<DbtCompilationResult>;
  deps(project: ProjectRef, call: Call): Promise<void>;
  list(project: ProjectRef, selection: RunSelection, call: Call): Promise<ListedNode[]>;
  /** Rows of a query that is compiled and limited already. */
  query(project: ProjectRef, sql: string, limit: number, call: Call): Promise<WorkerRows>;
  /** Imports dbt and parses the project ahead, beside whatever runs. @throws DbtError */
  prepare(project: ProjectRef, environment: LocalEnvironment): Promise<void>;
  artifact(project: ProjectRef, name: ArtifactName): Promise<Record<string, unknown>>;
}

interface Invoked {
  outcome: DbtOutcome;
  environment: LocalEnvironment;
  startedAt: number;
  /** Where this command wrote its artifacts. */
  targetDir: string;
}

const listedSchema = z.object({
  unique_id: z.string(),
  name: z.string(),
  resource_type: z.string(),
  package_name: z.string(),
  original_file_path: z.string().nullish(),
});

/** dbt's commands, one at a time for each project: dbt is not safe in parallel on one target folder. */
export function createLocalCommands(deps: {
  log: RedactingLog;
  environmentOf: (project: ProjectRef, signal?: AbortSignal) => Promise<LocalEnvironment>;
  targetDirOf: (project: ProjectRef) => Promise<string>;
  runnerOf: (project: ProjectRef) => DbtRunner;
  runnerLaunch: (project: ProjectRef, environment: LocalEnvironment) => RunnerLaunch;
  /** A folder of ours, for what dbt writes while it answers a question. */
  privateDirOf: (project: ProjectRef) => string;
}): LocalCommands {
  const { inTurn } = createTurns();
  const stale = createStaleManifests();

  async function invoke(
    verb: DbtVerb,
    project: ProjectRef,
    selection: RunSelection,
    call: Call,
    privateTarget?: string,
  ): Promise<Invoked> {
    const environment = await deps.environmentOf(project, call.signal);
    if (call.signal?.aborted) throw new DbtCancelledError("Cancelled.");
    const { python } = requirePython(environment, "dbt");
    const { config, env } = environment;
    const ownTarget = flagValue(selection.flags, "--target-path");
    const targetDir =
      ownTarget === undefined ? config.paths.target : path.resolve(project.projectDir, ownTarget);
    const partialParse = path.join(targetDir, "partial_parse.msgpack");
    const startedAt = Date.now();
    const invocation: DbtInvocation = {
      ...invocationOf(verb, project, environment),
      selection,
      ...(privateTarget !== undefined && { targetPath: privateTarget }),
    };
    const outcome =
      (await deps
        .runnerOf(project)
        .run(
          deps.runnerLaunch(project, environment),
          invocation,
          call,
          privateTarget === undefined ? partialParse : undefined,
        )) ??
      (await runDbt(
        {
          ...invocation,
          ...(privateTarget !== undefined && existsSync(partialParse) && { partialParse }),
          python,
          env,
        },
        deps.log,
        call,
      ));
    return { outcome, environment, startedAt, targetDir };
  }

  return {
    compile: (project, call) =>
      inTurn(project, call, () =>
        stale.writing(project, async () => {
          const { outcome, environment } = await invoke("compile", project, {}, call);
          if (outcome.exitCode === 0) return path.join(environment.config.paths.target, "manifest.json");
          const failure = await dbtFailure("compile", outcome, environment.config);
          if (failure.kind !== "execution") throw failure;
          throw new DbtCompilationError(
            failure.message,
            failure.filePath ? { filePath: failure.filePath } : {},
          );
        }),
      ),

    run: (verb, project, selection, call) =>
      inTurn(project, call, () =>
        stale.writing(project, async () => {
          const { outcome, environment, startedAt, targetDir } = await invoke(verb, project, selection, call);
          const { config } = environment;
          const result = await compilationResult(targetDir, project.projectDir, startedAt, outcome, (text) =>
            deps.log.redactValues(text),
          );
          if (!result) throw await dbtFailure(verb, outcome, config);
          return result;
        }),
      ),

    deps: (project, call) =>
      inTurn(project, call, async () => {
        const { outcome, environment } = await invoke("deps", project, {}, call);
        if (outcome.exitCode !== 0) throw await dbtFailure("deps", outcome, environment.config);
      }),

    list: (project, selection, call) =>
      inTurn(project, call, async () => {
        const target = path.join(deps.privateDirOf(project), "list");
        const { outcome, environment } = await invoke("list", project, selection, call, target);
        if (outcome.exitCode !== 0) throw await dbtFailure("list", outcome, environment.config);
        return outcome.listed.flatMap((line) => listedNode(line, project.projectDir));
      }),

    query: (project, sql, limit, call) =>
      inTurn(project, call, async () => {
        const environment = await deps.environmentOf(project, call.signal);
        requirePython(environment, "dbt");
        return deps.runnerOf(project).query(
          deps.runnerLaunch(project, environment),
          {
            sql,
            limit,
            profiles_dir: project.profilesDir ?? environment.config.profile.dir ?? undefined,
            target: project.target,
          },
          call,
        );
      }),

    prepare: (project, environment) =>
      deps
        .runnerOf(project)
        .prepare(deps.runnerLaunch(project, environment), invocationOf("run", project, environment)),

    async artifact(project, name) {
      if (name === "manifest.json") stale.requireFresh(project);
      return readArtifact(await deps.targetDirOf(project), name);
    },
  };
}

function invocationOf(
  verb: DbtVerb,
  { projectDir, profilesDir, target }: ProjectRef,
  { config }: LocalEnvironment,
): DbtInvocation {
  return {
    verb,
    projectDir,
    profilesDir: profilesDir ?? config.profile.dir ?? undefined,
    target,
    selection: {},
  };
}

function listedNode(line: string, projectDir: string): ListedNode[] {
  const parsed = listedSchema.safeParse(parseJson(line));
  if (!parsed.success) return [];
  const { unique_id, name, resource_type, package_name, original_file_path } = parsed.data;
  return [
    {
      uniqueId: unique_id,
      name,
      resourceType: resource_type,
      packageName: package_name,
      filePath: original_file_path ? path.resolve(projectDir, original_file_path) : null,
    },
  ];
}
