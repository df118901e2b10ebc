import path from "node:path";
import PQueue from "p-queue";
import type { DbtCompilationResult } from "../../../protocol/compilation.ts";
import type { RedactingLog } from "../../platform/log.ts";
import type { Call, ProjectRef, RunSelection } from "../dbtPlugin.ts";
import { DbtCancelledError, DbtCompilationError, DbtConfigurationError, DbtError } from "../errors.ts";
import { compilationResult, readArtifact, type ArtifactName } from "./artifacts.ts";
import { runDbt, type DbtCommand, type DbtOutcome } from "./dbtCommand.ts";
import { dbtFailure, needsDeps } from "./dbtFailure.ts";
import { requirePython, type LocalEnvironment } from "./localEnvironment.ts";

export interface LocalCommands {
  compile(project: ProjectRef, call: Call): Promise<string>;
  run(
    verb: "run" | "test",
    project: ProjectRef,
    selection: RunSelection,
    call: Call,
  ): Promise<DbtCompilationResult>;
  artifact(project: ProjectRef, name: ArtifactName): Promise<Record<string, unknown>>;
}

/** dbt's commands, one at a time for each project: dbt is not safe in parallel on one target folder. */
export function createLocalCommands(deps: {
  log: RedactingLog;
  environmentOf: (project: ProjectRef, signal?: AbortSignal) => Promise<LocalEnvironment>;
  targetDirOf: (project: ProjectRef) => Promise<string>;
}): LocalCommands {
  const queues = new Map<string, PQueue>();
  /** Projects whose last command failed before it wrote a manifest: what is on disk is older, and said to be. */
  const staleBecause = new Map<string, string>();

  /**
   * A call that is cancelled while it waits is let go at once. One that runs ends first, which may take dbt a few seconds:
   * the queue would otherwise start the next on a warehouse that is still in use.
   */
  async function inTurn<T>(project: ProjectRef, { signal }: Call, work: () => Promise<T>): Promise<T> {
    const queue = queues.get(project.projectDir) ?? new PQueue({ concurrency: 1 });
    queues.set(project.projectDir, queue);
    const waiting = new AbortController();
    const letGo = (): void => waiting.abort();
    if (signal?.aborted) letGo();
    signal?.addEventListener("abort", letGo, { once: true });
    try {
      return await queue.add(
        () => {
          signal?.removeEventListener("abort", letGo);
          return work();
        },
        { signal: waiting.signal },
      );
    } catch (error) {
      if (signal?.aborted && !(error instanceof DbtError)) throw new DbtCancelledError("Cancelled.");
      throw error;
    } finally {
      signal?.removeEventListener("abort", letGo);
    }
  }

  async function invoke(
    verb: DbtCommand["verb"],
    project: ProjectRef,
    selection: RunSelection,
    call: Call,
  ): Promise<{ outcome: DbtOutcome; environment: LocalEnvironment; startedAt: number }> {
    const environment = await deps.environmentOf(project, call.signal);
    if (call.signal?.aborted) throw new DbtCancelledError("Cancelled.");
    const { python } = requirePython(environment, "dbt");
    const startedAt = Date.now();
    const command = (which: DbtCommand["verb"]): DbtCommand => ({
      verb: which,
      python,
      projectDir: project.projectDir,
      profilesDir: project.profilesDir ?? environment.config.profile.dir ?? undefined,
      target: project.target,
      selection: which === "deps" ? {} : selection,
      env: environment.env,
    });
    let outcome = await runDbt(command(verb), deps.log, call);
    if (outcome.exitCode !== 0 && needsDeps(outcome)) {
      const installed = await runDbt(command("deps"), deps.log, call);
      if (installed.exitCode !== 0) throw await dbtFailure("deps", installed, environment.config);
      outcome = await runDbt(command(verb), deps.log, call);
    }
    return { outcome, environment, startedAt };
  }

  const remembering = async <T>(project: ProjectRef, work: () => Promise<T>): Promise<T> => {
    try {
      const value = await work();
      staleBecause.delete(project.projectDir);
      return value;
    } catch (error) {
      if (error instanceof DbtCompilationError || error instanceof DbtConfigurationError) {
        staleBecause.set(project.projectDir, error.message);
      }
      throw error;
    }
  };

  return {
    compile: (project, call) =>
      inTurn(project, call, () =>
        remembering(project, async () => {
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
        remembering(project, async () => {
          const { outcome, environment, startedAt } = await invoke(verb, project, selection, call);
          const { config } = environment;
          const result = await compilationResult(
            config.paths.target,
            project.projectDir,
            startedAt,
            outcome,
            (text) => deps.log.redactValues(text),
          );
          if (!result) throw await dbtFailure(verb, outcome, config);
          return result;
        }),
      ),

    async artifact(project, name) {
      const reason = staleBecause.get(project.projectDir);
      if (name === "manifest.json" && reason !== undefined) {
        throw new DbtConfigurationError(
          `manifest.json is older than the project: dbt could not compile it since. ${reason}`,
        );
      }
      return readArtifact(await deps.targetDirOf(project), name);
    },
  };
}
