import { readFile } from "node:fs/promises";
import path from "node:path";
import { isDeepStrictEqual } from "node:util";
import { type Diagnostic, DiagnosticSeverity } from "vscode-languageserver-protocol";
import {
  type LintIssue,
  type ProjectLintResult,
  projectLintResult,
  type SkippedFile,
} from "../../protocol/lint.ts";
import type { Settings } from "../../protocol/settings.ts";
import type { Log } from "../platform/log.ts";
import { isInside, pathKey } from "../platform/paths.ts";
import { uriOfPath } from "../platform/uri.ts";
import type { Call, DbtEvent, DbtPlugin, ProjectRef } from "../plugins/dbtPlugin.ts";
import { DbtCancelledError, DbtError } from "../plugins/errors.ts";
import { messageOf, toDiagnostics } from "./diagnostics.ts";
import type { DiagnosticsStore } from "./diagnosticsStore.ts";
import { documentOfFile } from "./edits.ts";
import type { OpenDocuments, OpenFile } from "./openDocuments.ts";
import { LintScheduler } from "./scheduler.ts";

/** What linting needs of a dbt project. */
export interface LintedProject {
  readonly ref: ProjectRef;
  readonly settings: Settings;
  /** @throws DbtError where the project's runtime is not there */
  plugin(): DbtPlugin;
  /** Linting could not do its job: becomes the project's status, once. */
  failed(error: DbtError): void;
  /** Linting does its job (again). */
  worked(): void;
}

export interface LintingDeps {
  documents: OpenDocuments;
  store: DiagnosticsStore;
  log: Log;
  projectOf: (filePath: string) => Promise<LintedProject | null>;
}

/** Endings of the files SQLFluff lints by default. */
const sqlEndings = [".sql", ".sql.j2", ".dml", ".ddl"];
const earlyCodes = new Set(["PRS", "TMP", "LXR"]);

/** Lints documents and projects, and shows what comes of it: an answer to an older text than the document's never is. */
export class Linting {
  readonly #deps: LintingDeps;
  readonly #scheduler: LintScheduler;

  constructor(deps: LintingDeps) {
    this.#deps = deps;
    this.#scheduler = new LintScheduler((key, signal) => this.#lintByItself(key, signal));
    deps.documents.on({
      opened: (file) =>
        void this.#when(file, ["onType", "onSave"], () => this.#scheduler.runNow(file.filePath)),
      changed: (file) => {
        void this.#when(file, ["onType"], () => {
          this.#scheduler.edited(file.filePath);
        });
      },
      saved: (file) => void this.#when(file, ["onSave"], () => this.#scheduler.runNow(file.filePath)),
      closed: (file) => {
        const wasDue = this.#scheduler.forget(file.filePath);
        void this.#when(file, ["onType", "onSave"], (project) => this.#showSaved(file, project, wasDue));
      },
    });
  }

  /** Lints an open document now, whatever the settings say. Its issues arrive as diagnostics. @throws DbtError */
  async lintDocument(filePath: string, signal?: AbortSignal): Promise<ProjectLintResult> {
    const document = this.#deps.documents.get(filePath);
    const project = await this.#deps.projectOf(filePath);
    if (!document || !project) return projectLintResult([], { linted: [] });
    return await this.#lint({ filePath, document }, project, signal);
  }

  /** Lints every file of a project, or only `paths`; issues are shown file by file as they come. @throws DbtError */
  async lintProject(
    project: LintedProject,
    options: {
      paths?: readonly string[];
      interactive: boolean;
      onProgress?: (done: number, total: number, label: string) => void;
    },
    signal?: AbortSignal,
  ): Promise<ProjectLintResult> {
    const versions = new Map<string, number>();
    const texts = new Map<string, string>();
    for (const { filePath, document } of this.#deps.documents.all()) {
      if (!isInside(filePath, project.ref.projectDir)) continue;
      if (!isLinted({ filePath, document }, project.plugin())) continue;
      versions.set(pathKey(filePath), document.version);
      texts.set(filePath, document.getText());
    }
    const shown = new Set<string>();
    const shows: Promise<void>[] = [];
    const show = (filePath: string, issues: LintIssue[]): void => {
      const key = pathKey(filePath);
      if (shown.has(key)) return;
      shown.add(key);
      shows.push(this.#showFile(project, filePath, issues, versions.get(key) ?? null));
    };
    const call: Call = {
      ...(signal && { signal }),
      onEvent: (event) => {
        if (event.type === "fileLinted") show(event.filePath, event.issues);
        else if (event.type === "projectChecked")
          shows.push(this.#showChecked(project, event.issues, versions));
        else if (event.type === "progress") options.onProgress?.(event.done, event.total, event.label);
      },
    };
    const result = await ask(project, (plugin) =>
      plugin.lintProject(
        project.ref,
        {
          interactive: options.interactive,
          ...(options.paths && { paths: options.paths }),
          ...(plugin.capabilities.has("lintUnsaved") && { texts }),
        },
        call,
      ),
    );
    const byFile = Map.groupBy(result.issues, (issue) => issue.filePath);
    for (const filePath of result.filesLinted) show(filePath, byFile.get(filePath) ?? []);
    await Promise.all(shows);
    if (!options.paths) this.#forgetGone(project, result);
    return result;
  }

  /** Lints the open documents again, because something they depend on changed. */
  relintOpen(project?: LintedProject): void {
    for (const file of this.#deps.documents.all()) {
      void this.#when(file, ["onType", "onSave"], async (its) => {
        if (!project || its === project) await this.#scheduler.runNow(file.filePath);
      });
    }
  }

  /** Resolves when nothing more is under way for the document's newest text. */
  async settled(filePath: string): Promise<void> {
    const file = this.#fileOf(filePath);
    if (!file) return;
    const project = await this.#deps.projectOf(filePath);
    if (!project || project.settings["lint.run"] === "manual") return;
    if (!this.#isLinted(file, project)) return;
    await this.#scheduler.whenIdle(filePath);
  }

  /** The same for every open file below a folder. */
  async settledIn(folder: string): Promise<void> {
    await Promise.all(this.#deps.documents.inFolder(folder).map(({ filePath }) => this.settled(filePath)));
  }

  [Symbol.dispose](): void {
    this.#scheduler[Symbol.dispose]();
  }

  async #when(
    file: OpenFile,
    modes: Settings["lint.run"][],
    action: (project: LintedProject) => void | Promise<void>,
  ): Promise<void> {
    if (!isSql(file) && !isYaml(file)) return;
    try {
      const project = await this.#deps.projectOf(file.filePath);
      if (project && this.#isLinted(file, project) && modes.includes(this.#modeOf(project)))
        await action(project);
    } catch (error) {
      this.#deps.log.error(`Scheduling a lint of ${file.filePath} failed: ${String(error)}`);
    }
  }

  #isLinted(file: OpenFile, project: LintedProject): boolean {
    if (isSql(file)) return true;
    try {
      return isLinted(file, project.plugin());
    } catch (error) {
      if (error instanceof DbtError) return false;
      throw error;
    }
  }

  /** A runtime that reads files only cannot lint what is not saved. */
  #modeOf(project: LintedProject): Settings["lint.run"] {
    const mode = project.settings["lint.run"];
    if (mode !== "onType") return mode;
    try {
      return project.plugin().capabilities.has("lintUnsaved") ? mode : "onSave";
    } catch (error) {
      if (error instanceof DbtError) project.failed(error);
      return "manual";
    }
  }

  async #lintByItself(filePath: string, signal: AbortSignal): Promise<void> {
    try {
      const file = this.#fileOf(filePath);
      const project = await this.#deps.projectOf(filePath);
      if (!file || !project || signal.aborted) return;
      await this.#lint(file, project, signal);
    } catch (error) {
      if (error instanceof DbtError) return;
      this.#deps.log.error(
        `Linting ${filePath} failed: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`,
      );
    }
  }

  async #lint(
    { filePath, document }: OpenFile,
    project: LintedProject,
    signal: AbortSignal | undefined,
  ): Promise<ProjectLintResult> {
    const version = document.version;
    const checks = checksProject(project);
    const open = checks ? this.#openIn(project) : [{ filePath, document }];
    const versions = new Map(open.map((each) => [pathKey(each.filePath), each.document.version]));
    const texts = new Map(open.map((each) => [each.filePath, each.document.getText()]));
    const show = (issues: readonly LintIssue[], notes: readonly Diagnostic[] = []): void => {
      if (signal?.aborted || this.#deps.documents.get(filePath)?.version !== version) return;
      const severity = project.settings["lint.severity"];
      // What is wrong with the project as a whole is shown as its configuration's.
      const own = issues.filter(
        (issue) => pathKey(issue.filePath) === pathKey(filePath) && !(checks && issue.source === "dbt"),
      );
      const diagnostics = toDiagnostics(own, document, { severity, version });
      this.#deps.store.set("lint", filePath, [...notes, ...diagnostics], version);
    };
    const call: Call = {
      ...(signal && { signal }),
      onEvent: (event) => {
        if (event.type === "projectChecked") void this.#showChecked(project, event.issues, versions);
        if (event.type === "fileGlanced") this.#showGlance(project, event, versions);
        // A wave that says nothing new would only make the rules' issues flicker.
        if (event.type === "lintWave" && this.#bringsNew(filePath, event.issues)) show(event.issues);
      },
    };
    const result = await ask(project, (plugin) => {
      const unsaved = plugin.capabilities.has("lintUnsaved") ? { texts } : {};
      return plugin.lintProject(project.ref, { paths: [filePath], ...unsaved, interactive: true }, call);
    });
    for (const skipped of result.filesSkipped) {
      this.#deps.log.info(`${skipped.filePath} is not linted: ${skipped.reason}`);
    }
    show(result.issues, result.filesSkipped.map(notLinted));
    return result;
  }

  #bringsNew(filePath: string, issues: readonly LintIssue[]): boolean {
    const known = new Set(
      this.#deps.store.of(filePath).map((diagnostic) => `${diagnostic.code ?? ""} ${messageOf(diagnostic)}`),
    );
    return issues.some(
      (issue) =>
        (earlyCodes.has(issue.ruleCode) || issue.source === "dbt") &&
        !known.has(`${issue.ruleCode} ${issue.message}`),
    );
  }

  /** Open files of a project that are worth checking. */
  #openIn(project: LintedProject): OpenFile[] {
    return this.#deps.documents
      .all()
      .filter((file) => isInside(file.filePath, project.ref.projectDir) && (isSql(file) || isYaml(file)));
  }

  /** Shows what is wrong with a closed file, where what is shown is not of the text on disk: it was changed and not saved. */
  async #showSaved({ filePath, document }: OpenFile, project: LintedProject, wasDue: boolean): Promise<void> {
    const saved = await readFile(filePath, "utf8").catch(() => null);
    if (saved === null || (saved === document.getText() && !wasDue)) return;
    if (this.#deps.documents.get(filePath)) return;
    await this.lintProject(project, { paths: [filePath], interactive: false }).catch((error: unknown) => {
      if (!(error instanceof DbtError)) throw error;
    });
  }

  /** What the engine says of the whole project replaces what it said before. */
  async #showChecked(
    project: LintedProject,
    issues: readonly LintIssue[],
    versions: ReadonlyMap<string, number>,
  ): Promise<void> {
    const { store, documents } = this.#deps;
    const severity = project.settings["lint.severity"];
    const byFile = Map.groupBy(issues, ({ filePath }) => filePath);
    for (const filePath of store.filesOf("engine")) {
      if (isInside(filePath, project.ref.projectDir) && !byFile.has(filePath)) byFile.set(filePath, []);
    }
    for (const [filePath, its] of byFile) {
      const document = documents.get(filePath);
      // Typed on since: a newer answer is on its way.
      if (document && versions.has(pathKey(filePath)) && versions.get(pathKey(filePath)) !== document.version)
        continue;
      const diagnostics = document
        ? toDiagnostics(its, document, { severity, version: document.version })
        : await diagnosticsOfFile(filePath, its, severity);
      store.set("engine", filePath, diagnostics);
    }
  }

  /** A first look replaces what the engine said of the file before, as far as it can tell; the whole check follows. */
  #showGlance(
    project: LintedProject,
    { filePath, issues, codes }: Extract<DbtEvent, { type: "fileGlanced" }>,
    versions: ReadonlyMap<string, number>,
  ): void {
    const { store, documents } = this.#deps;
    const document = documents.get(filePath);
    if (!document || versions.get(pathKey(filePath)) !== document.version) return;
    const severity = project.settings["lint.severity"];
    const before = store.ofOwner("engine", filePath);
    const kept = before.filter(({ code }) => !codes.has(String(code)));
    const now = [...toDiagnostics(issues, document, { severity, version: document.version }), ...kept];
    if (!isDeepStrictEqual(now, before)) store.set("engine", filePath, now);
  }

  async #showFile(
    project: LintedProject,
    filePath: string,
    all: readonly LintIssue[],
    version: number | null,
  ): Promise<void> {
    const severity = project.settings["lint.severity"];
    const issues = checksProject(project) ? all.filter(({ source }) => source !== "dbt") : all;
    const document = this.#deps.documents.get(filePath);
    if (document) {
      if (document.version !== version) return;
      this.#deps.store.set("lint", filePath, toDiagnostics(issues, document, { severity, version }), version);
      return;
    }
    const diagnostics = issues.length === 0 ? [] : await diagnosticsOfFile(filePath, issues, severity);
    if (!this.#deps.documents.get(filePath)) this.#deps.store.set("lint", filePath, diagnostics);
  }

  /** After a lint of everything, files it did not meet are gone from the project. */
  #forgetGone(project: LintedProject, result: ProjectLintResult): void {
    const met = new Set(
      [...result.filesLinted, ...result.filesSkipped.map((file) => file.filePath)].map(pathKey),
    );
    for (const filePath of this.#deps.store.filesOf("lint")) {
      const ours = isInside(filePath, project.ref.projectDir) && !met.has(pathKey(filePath));
      if (ours && !this.#deps.documents.get(filePath)) this.#deps.store.set("lint", filePath, []);
    }
  }

  #fileOf(filePath: string): OpenFile | null {
    const document = this.#deps.documents.get(filePath);
    return document ? { filePath, document } : null;
  }
}

/** Whether it could be done or not is the project's status, whoever asked. @throws DbtError */
async function ask(
  project: LintedProject,
  lint: (plugin: DbtPlugin) => Promise<ProjectLintResult>,
): Promise<ProjectLintResult> {
  try {
    const result = await lint(project.plugin());
    project.worked();
    return result;
  } catch (error) {
    if (error instanceof DbtError && !(error instanceof DbtCancelledError)) project.failed(error);
    throw error;
  }
}

/** A person who looks at a file without issues should be able to see that it was not looked into. */
function notLinted({ reason }: SkippedFile): Diagnostic {
  const start = { line: 0, character: 0 };
  const message = `Not linted: ${reason}`;
  return { range: { start, end: start }, severity: DiagnosticSeverity.Hint, source: "floe dbt", message };
}

const checksProject = (project: LintedProject): boolean => project.plugin().capabilities.has("checkProject");

/** What a runtime lints: SQL, and YAML where its engine checks the project with it. */
function isLinted(file: OpenFile, plugin: DbtPlugin): boolean {
  return isSql(file) || (isYaml(file) && plugin.capabilities.has("checkProject"));
}

export function isYaml({ filePath }: OpenFile): boolean {
  return /\.ya?ml$/i.test(filePath);
}

export function isSql({ filePath, document }: OpenFile): boolean {
  const name = path.basename(filePath).toLowerCase();
  return document.languageId.includes("sql") || sqlEndings.some((ending) => name.endsWith(ending));
}

async function diagnosticsOfFile(
  filePath: string,
  issues: readonly LintIssue[],
  severity: Settings["lint.severity"],
): Promise<Diagnostic[]> {
  const text = await readFile(filePath, "utf8").catch(() => null);
  if (text === null) return [];
  return toDiagnostics(issues, documentOfFile(uriOfPath(filePath), text), { severity, version: null });
}
