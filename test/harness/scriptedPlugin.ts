import type { DbtCompilationResult } from "../../protocol/compilation.ts";
import type { LintIssue } from "../../protocol/lint.ts";
import { projectLintResult } from "../../protocol/lint.ts";
import type { RunVerb } from "../../protocol/run.ts";
import type {
  Call,
  CompiledNode,
  CompileRequest,
  DbtCapability,
  DbtEvent,
  DbtPlugin,
  EnvironmentReport,
  FixRequest,
  FixResult,
  LintRequest,
  PreviewRequest,
  ProjectRef,
  QueryRows,
  RunSelection,
} from "../../server/plugins/dbtPlugin.ts";
import { DbtCancelledError, DbtExecutionError } from "../../server/plugins/errors.ts";

/** One lint the server asked for, while it runs and after. */
export interface LintCall {
  project: ProjectRef;
  request: LintRequest;
  /** The text of the only file asked for. */
  text: string;
  signal: AbortSignal | undefined;
  call: Call | undefined;
}

/** One dbt command the server asked for, while it runs and after. */
export interface RunCall {
  verb: RunVerb;
  project: ProjectRef;
  selection: RunSelection;
  signal: AbortSignal | undefined;
  /** Tells the server what a dbt would. */
  emit: (event: DbtEvent) => void;
}

/** How a scripted plugin answers; each may be replaced at any time. */
export interface Script {
  lint: (call: LintCall) => Promise<LintIssue[]> | LintIssue[];
  fix: (request: FixRequest) => FixResult | Promise<FixResult>;
  compile: (request: CompileRequest) => CompiledNode | Promise<CompiledNode>;
  preview: (request: PreviewRequest) => QueryRows | Promise<QueryRows>;
  run: (call: RunCall) => Promise<DbtCompilationResult> | DbtCompilationResult;
  /** Whether two commands may run at once. */
  parallel: boolean;
  projectFiles: () => string[];
  report: EnvironmentReport;
}

/**
 * A plugin whose answers a test decides. It keeps the contract (cancellation rejects, counts are right), so what is tested
 * is the server around it.
 */
export class ScriptedPlugin implements DbtPlugin {
  readonly runtime = "local" as const;
  readonly capabilities = new Set<DbtCapability>([
    "fixText",
    "lintUnsaved",
    "compileNode",
    "preview",
    "build",
    "seed",
    "compileSelection",
    "deps",
  ]);
  readonly lints: LintCall[] = [];
  readonly runs: RunCall[] = [];
  readonly changed: string[] = [];
  stops = 0;
  script: Script = {
    lint: () => [],
    fix: () => ({ text: null, reason: "nothing to fix" }),
    compile: ({ text = "" }) => ({ sql: text, uniqueId: null, name: "scripted", error: null }),
    preview: ({ text = "" }) => ({ columns: [], rows: [], sql: text, seconds: 0 }),
    run: () => dbtResult([]),
    parallel: false,
    projectFiles: () => [],
    report: { facts: [], searched: [], problems: [], versions: {} },
  };

  async lintProject(project: ProjectRef, request: LintRequest = {}, call?: Call) {
    const files = [...(request.paths ?? this.script.projectFiles())];
    const text = request.texts?.get(files[0] ?? "") ?? "";
    const lint: LintCall = { project, request, text, signal: call?.signal, call };
    this.lints.push(lint);
    const issues = await abortable(Promise.resolve(this.script.lint(lint)), call?.signal);
    for (const filePath of files) {
      const its = issues.filter((issue) => issue.filePath === filePath);
      call?.onEvent?.({ type: "fileLinted", filePath, issues: its });
    }
    return projectLintResult(issues, { linted: files });
  }

  async fixText(_project: ProjectRef, request: FixRequest, call?: Call): Promise<FixResult> {
    return abortable(Promise.resolve(this.script.fix(request)), call?.signal);
  }

  async compileNode(_project: ProjectRef, request: CompileRequest, call?: Call): Promise<CompiledNode> {
    return abortable(Promise.resolve(this.script.compile(request)), call?.signal);
  }

  async preview(_project: ProjectRef, request: PreviewRequest, call?: Call): Promise<QueryRows> {
    return abortable(
      Promise.resolve().then(() => this.script.preview(request)),
      call?.signal,
    );
  }

  inspect = (): Promise<EnvironmentReport> => Promise.resolve(this.script.report);
  getRuntimeMetadata = () =>
    Promise.resolve({ type: this.runtime, dbtVersion: null, adapter: null, details: {} });
  supportsParallelExecution = (): boolean => this.script.parallel;
  supportsSqlLinting = (): boolean => true;
  filesChanged = (_project: ProjectRef, paths: readonly string[]): void => void this.changed.push(...paths);
  stop: DbtPlugin["stop"] = () => {
    this.stops += 1;
    return Promise.resolve();
  };
  compileProject = async (project: ProjectRef, call?: Call): Promise<string> =>
    (await this.#run("compile", project, {}, call)).manifestPath;
  runModels = this.#command("run");
  runTests = this.#command("test");
  build = this.#command("build");
  seed = this.#command("seed");
  compileSelection = this.#command("compile");
  deps = async (project: ProjectRef, call?: Call): Promise<void> => {
    await this.#run("deps", project, {}, call);
  };
  getManifest = notScripted;
  getRunResults = notScripted;
  [Symbol.asyncDispose] = (): Promise<void> => Promise.resolve();

  #command(verb: RunVerb) {
    return (project: ProjectRef, selection: RunSelection = {}, call?: Call): Promise<DbtCompilationResult> =>
      this.#run(verb, project, selection, call);
  }

  async #run(
    verb: RunVerb,
    project: ProjectRef,
    selection: RunSelection,
    call: Call | undefined,
  ): Promise<DbtCompilationResult> {
    const emit = (event: DbtEvent): void => call?.onEvent?.(event);
    const run: RunCall = { verb, project, selection, signal: call?.signal, emit };
    this.runs.push(run);
    return abortable(
      Promise.resolve().then(() => this.script.run(run)),
      call?.signal,
    );
  }
}

/** What a command did, as plugins tell it. */
export function dbtResult(
  nodes: { unique_id: string; status: string; [more: string]: unknown }[],
  metadata: Record<string, unknown> = {},
): DbtCompilationResult {
  const failures = nodes.filter(({ status }) => status === "error" || status === "fail").length;
  return {
    success: failures === 0,
    manifestPath: "/nowhere/target/manifest.json",
    runResultsPath: "/nowhere/target/run_results.json",
    catalogPath: null,
    executionTimeSeconds: 1,
    modelsRun: nodes.length,
    testsRun: 0,
    failures,
    metadata: { nodes, ...metadata },
  };
}

function notScripted(): Promise<never> {
  return Promise.reject(new DbtExecutionError("The scripted plugin runs no dbt."));
}

async function abortable<Value>(work: Promise<Value>, signal: AbortSignal | undefined): Promise<Value> {
  if (signal?.aborted) throw new DbtCancelledError("Cancelled.");
  return await new Promise<Value>((resolve, reject) => {
    signal?.addEventListener("abort", () => reject(new DbtCancelledError("Cancelled.")), { once: true });
    work.then(resolve, reject);
  });
}
