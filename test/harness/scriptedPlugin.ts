import type { LintIssue } from "../../protocol/lint.ts";
import { projectLintResult } from "../../protocol/lint.ts";
import type {
  Call,
  CompiledNode,
  CompileRequest,
  DbtCapability,
  DbtPlugin,
  EnvironmentReport,
  FixRequest,
  FixResult,
  LintRequest,
  PreviewRequest,
  ProjectRef,
  QueryRows,
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

/** How a scripted plugin answers; each may be replaced at any time. */
export interface Script {
  lint: (call: LintCall) => Promise<LintIssue[]> | LintIssue[];
  fix: (request: FixRequest) => FixResult | Promise<FixResult>;
  compile: (request: CompileRequest) => CompiledNode | Promise<CompiledNode>;
  preview: (request: PreviewRequest) => QueryRows | Promise<QueryRows>;
  projectFiles: () => string[];
  report: EnvironmentReport;
}

/**
 * A plugin whose answers a test decides. It keeps the contract (cancellation rejects, counts are right), so what is tested
 * is the server around it.
 */
export class ScriptedPlugin implements DbtPlugin {
  readonly runtime = "local" as const;
  readonly capabilities = new Set<DbtCapability>(["fixText", "lintUnsaved", "compileNode", "preview"]);
  readonly lints: LintCall[] = [];
  readonly changed: string[] = [];
  stops = 0;
  script: Script = {
    lint: () => [],
    fix: () => ({ text: null, reason: "nothing to fix" }),
    compile: ({ text = "" }) => ({ sql: text, uniqueId: null, name: "scripted", error: null }),
    preview: ({ text = "" }) => ({ columns: [], rows: [], sql: text, seconds: 0 }),
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
  supportsParallelExecution = (): boolean => false;
  supportsSqlLinting = (): boolean => true;
  filesChanged = (_project: ProjectRef, paths: readonly string[]): void => void this.changed.push(...paths);
  stop = (): Promise<void> => {
    this.stops += 1;
    return Promise.resolve();
  };
  compileProject = notScripted;
  runModels = notScripted;
  runTests = notScripted;
  getManifest = notScripted;
  getRunResults = notScripted;
  [Symbol.asyncDispose] = (): Promise<void> => Promise.resolve();
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
