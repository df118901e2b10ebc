import path from "node:path";
import type { DbtCompilationResult } from "../../protocol/compilation.ts";
import { toSnakeCaseKeys } from "../../protocol/json.ts";
import type { RunNode, RunRequest, RunVerb } from "../../protocol/run.ts";
import { DbtCancelledError, DbtConfigurationError } from "../plugins/errors.ts";
import { invoke } from "../runs/invoke.ts";
import type { ProjectFolders } from "../runs/nodeFiles.ts";
import { NodePlaces } from "../runs/nodePlace.ts";
import { RunRecord } from "../runs/runRecord.ts";
import { type CommandContext, openProject, type ProjectOptions } from "./projects.ts";
import { nodeLine, runReport } from "./runReport.ts";

export const dataFormats = ["text", "json"] as const;
export type DataFormat = (typeof dataFormats)[number];

export interface SelectionOptions {
  select?: string[];
  exclude?: string[];
  vars?: string;
}

export interface RunOptions extends ProjectOptions, SelectionOptions {
  fullRefresh?: boolean;
  format: DataFormat;
}

/**
 * `floe-dbt compile`, `run`, `build`, `test`, `seed`, `snapshot` and `deps`.
 * @param flags further options of dbt, one argument each
 * @returns 0 all is well, 1 dbt ran and something failed
 * @throws DbtError where dbt could not run
 */
export async function runDbtVerb(
  verb: RunVerb,
  flags: readonly string[],
  options: RunOptions,
  context: CommandContext,
): Promise<0 | 1> {
  const { terminal, signal } = context;
  const choice = chosen(flags, options);
  await using opened = await openProject(options, context);
  const { project, plugin, config } = opened;
  const request: RunRequest = { projectDir: project.projectDir, verb, ...choice };
  const record = new RunRecord({
    request,
    runtime: plugin.runtime,
    target: options.target ?? config.profile.target,
    targetOption: options.target,
    folders: config,
    clean: (text) => opened.log.redactValues(text),
  });
  let said = 0;
  const running = new Set<string>();
  const noticed = new Set<string>();
  const notice = (text: string): void => {
    if (!noticed.has(text)) terminal.words(text);
    noticed.add(text);
  };
  const tellNotices = (): void => record.head.notices.forEach(notice);
  const ended = (node: RunNode): void => {
    said += 1;
    const { total } = record.head;
    terminal.words(
      nodeLine(node, { done: said, total, projectName: config.name, style: terminal.wordStyle }),
    );
  };
  record.started();
  const result = await invoke(request, plugin, project, {
    signal,
    onEvent: (event) => {
      const node = record.event(event);
      if (event.type === "nodeStarted") running.add(event.uniqueId);
      if (event.type === "nodeFinished") running.delete(event.uniqueId);
      if (event.type === "notice") tellNotices();
      if (event.type === "runLink") terminal.words(`This run: ${event.url}`);
      if (node) ended(node);
      const doing = record.head.steps.find((step) => step.doing !== undefined)?.doing;
      const names = record.nodes.filter(({ uniqueId }) => running.has(uniqueId)).map(({ name }) => name);
      if (names.length > 0) terminal.progress(`${said}/${record.head.total ?? "?"} ${names.join(", ")}`);
      else if (doing !== undefined) terminal.progress(doing);
    },
  }).catch((error: unknown) => {
    // Elsewhere a cancel is a request: what became of it is said.
    const isCancelled = signal.aborted && error instanceof DbtCancelledError;
    if (isCancelled && plugin.capabilities.has("remote")) notice(error.message);
    throw error;
  });
  const told = new Set(record.nodes.map(({ uniqueId }) => uniqueId));
  record.reconcile(result);
  for (const node of record.nodes) if (!told.has(node.uniqueId)) ended(node);
  tellNotices();
  await findLines(record, config);
  record.finished(result);
  const whole = result ?? withoutNodes(record, config.paths.target);
  terminal.data(
    options.format === "json"
      ? JSON.stringify(toSnakeCaseKeys(whole), null, 2)
      : runReport(record.run, { baseDir: process.cwd(), style: terminal.style }),
  );
  return whole.success ? 0 : 1;
}

/** The lines that failed nodes are about, in their files. */
async function findLines(record: RunRecord, config: ProjectFolders): Promise<void> {
  const places = new NodePlaces(config);
  for (const node of record.nodes) {
    if (node.status !== "error" && node.status !== "fail" && node.status !== "warn") continue;
    const line = await places.lineOf(node);
    if (line !== null) record.place(node.uniqueId, line + 1);
  }
}

/**
 * What the options of a command choose, and how.
 * @throws DbtConfigurationError for `--select ""`, which a script writes that found nothing: it is not the whole project
 */
export function chosen(
  flags: readonly string[],
  { select = [], exclude = [], fullRefresh, vars }: SelectionOptions & { fullRefresh?: boolean },
): Omit<RunRequest, "projectDir" | "verb"> {
  if (select.length > 0 && select.join("").trim() === "") {
    throw new DbtConfigurationError("--select is empty. To choose the whole project, leave it out.");
  }
  return {
    ...(select.length > 0 && { select: select.join(" ") }),
    ...(exclude.length > 0 && { exclude: exclude.join(" ") }),
    ...(fullRefresh && { fullRefresh }),
    ...(vars !== undefined && { vars }),
    ...(flags.length > 0 && { flags: [...flags] }),
  };
}

/** For a verb that has no result of its own: it ended well, or would have thrown. */
function withoutNodes({ nodes, head }: RunRecord, targetDir: string): DbtCompilationResult {
  return {
    success: true,
    manifestPath: path.join(targetDir, "manifest.json"),
    runResultsPath: path.join(targetDir, "run_results.json"),
    catalogPath: null,
    executionTimeSeconds: (Date.now() - (head.startedAt ?? Date.now())) / 1000,
    modelsRun: nodes.filter(({ resourceType }) => resourceType === "model").length,
    testsRun: 0,
    failures: 0,
    metadata: {},
  };
}
