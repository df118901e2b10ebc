import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { isDeepStrictEqual } from "node:util";
import type { TextDocument } from "vscode-languageserver-textdocument";
import { type Diagnostic, DiagnosticSeverity } from "vscode-languageserver-protocol";
import * as z from "zod";
import type { RunHead, RunNode } from "../../protocol/run.ts";
import type { DiagnosticsStore } from "../lint/diagnosticsStore.ts";
import { documentOfFile } from "../lint/edits.ts";
import type { OpenDocuments } from "../lint/openDocuments.ts";
import { lineText, visibleRange } from "../lint/positions.ts";
import { pathKey } from "../platform/paths.ts";
import { uriOfPath } from "../platform/uri.ts";
import { counted } from "../../protocol/counted.ts";

const foundSchema = z.object({
  uniqueId: z.string(),
  runId: z.string(),
  name: z.string(),
  filePath: z.string(),
  /** 0-based. */
  line: z.int().min(0),
  lineText: z.string(),
  /** How many lines of the same text were above it, and below: "- not_null" is in many places of one file. */
  twins: z.tuple([z.int(), z.int()]).optional(),
  isError: z.boolean(),
  message: z.string(),
  /** Of the file's text when dbt read it. */
  textHash: z.string(),
});
export type Found = z.infer<typeof foundSchema>;
export const foundListSchema = z.array(foundSchema);

export interface RunDiagnosticsDeps {
  store: DiagnosticsStore;
  documents: OpenDocuments;
  /** What is shown of a project is another than before. */
  changed: (projectDir: string, all: Found[]) => void;
}

/**
 * What runs found, at the lines they found it: shown until the node succeeds, the next run of a file that was changed, or
 * until runs are cleared. Beside the linter's diagnostics, never instead of them.
 */
export class RunDiagnostics {
  readonly #deps: RunDiagnosticsDeps;
  /** By project, then by node. */
  readonly #found = new Map<string, Map<string, Found>>();

  constructor(deps: RunDiagnosticsDeps) {
    this.#deps = deps;
    deps.documents.on({
      opened: ({ filePath }) => this.#showAgain(filePath),
      changed: ({ filePath }) => this.#showAgain(filePath),
      closed: ({ filePath }) => this.#showAgain(filePath),
    });
  }

  /** What nodes of a run came to. `line` of each that failed is known by now. */
  async take(run: RunHead, nodes: readonly RunNode[]): Promise<void> {
    const { projectDir } = run.request;
    const all = this.#of(projectDir);
    const files = new Set<string>();
    const forget = (uniqueId: string): void => {
      const known = all.get(uniqueId);
      if (known) files.add(known.filePath);
      all.delete(uniqueId);
    };
    for (const node of nodes) {
      const isProblem = node.status === "error" || node.status === "fail" || node.status === "warn";
      if (isProblem || node.status === "success") forget(node.uniqueId);
      if (!isProblem || node.filePath === null || this.#isSaid(node, node.filePath)) continue;
      const text = await textOf(node.filePath);
      if (text === null) continue;
      const lines = linesOf(text);
      const line = Math.max(0, (node.line ?? 1) - 1);
      const itsText = lines[line] ?? "";
      const alike = placesOf(itsText, lines);
      const above = alike.filter((each) => each < line).length;
      all.set(node.uniqueId, {
        uniqueId: node.uniqueId,
        runId: run.id,
        name: node.name,
        filePath: node.filePath,
        line,
        lineText: itsText,
        twins: [above, alike.length - above - 1],
        isError: node.status !== "warn",
        message: messageOf(node),
        textHash: hashOf(text),
      });
      files.add(node.filePath);
    }
    if (files.size > 0) this.#show(projectDir, files);
  }

  /** A run begins: what was found in files that are others by now is no longer so. */
  async forgetChanged(projectDir: string): Promise<void> {
    const all = this.#of(projectDir);
    const files = new Set<string>();
    for (const found of [...all.values()]) {
      const text = await textOf(found.filePath);
      if (text !== null && hashOf(text) === found.textHash) continue;
      if (all.get(found.uniqueId) === found) all.delete(found.uniqueId);
      files.add(found.filePath);
    }
    if (files.size > 0) this.#show(projectDir, files);
  }

  /** What was shown when the editor was closed, of files that are still the same. */
  async restore(projectDir: string, stored: readonly Found[]): Promise<void> {
    const all = this.#of(projectDir);
    for (const found of stored) if (!all.has(found.uniqueId)) all.set(found.uniqueId, found);
    await this.forgetChanged(projectDir);
    this.#show(projectDir, new Set([...all.values()].map(({ filePath }) => filePath)));
  }

  clear(projectDir: string): void {
    const all = this.#of(projectDir);
    const files = new Set([...all.values()].map(({ filePath }) => filePath));
    all.clear();
    this.#show(projectDir, files);
  }

  /** What keeps dbt from reading the project may be known from its configuration, or from a lint. */
  #isSaid({ resourceType }: RunNode, filePath: string): boolean {
    if (resourceType !== "project") return false;
    const { store } = this.#deps;
    const said = [...store.ofOwner("config", filePath), ...store.ofOwner("lint", filePath)];
    return said.some(({ severity, code }) => severity === DiagnosticSeverity.Error && code !== "PRS");
  }

  #of(projectDir: string): Map<string, Found> {
    const key = pathKey(projectDir);
    const known = this.#found.get(key) ?? new Map<string, Found>();
    this.#found.set(key, known);
    return known;
  }

  #show(projectDir: string, files: ReadonlySet<string>): void {
    for (const filePath of files) this.#showAgain(filePath);
    this.#deps.changed(projectDir, [...this.#of(projectDir).values()]);
  }

  #showAgain(filePath: string): void {
    const key = pathKey(filePath);
    const its = [...this.#found.values()].flatMap((all) =>
      [...all.values()].filter((found) => pathKey(found.filePath) === key),
    );
    const document = this.#deps.documents.get(filePath);
    const lines = document && its.length > 0 ? linesOf(document.getText()) : [];
    const diagnostics = its.map((found) =>
      document
        ? toDiagnostic(found, document, lineNow(found, lines))
        : toDiagnostic(found, itsLineAlone(found), found.line),
    );
    const shown = this.#deps.store.ofOwner("run", filePath);
    if (isDeepStrictEqual(diagnostics, shown)) return;
    this.#deps.store.set("run", filePath, diagnostics);
  }
}

function toDiagnostic(found: Found, shown: TextDocument, line: number): Diagnostic {
  const text = lineText(shown, line);
  const start = { line, character: text.length - text.trimStart().length };
  const end = { line, character: text.trimEnd().length };
  return {
    range: visibleRange(shown, start, end),
    severity: found.isError ? DiagnosticSeverity.Error : DiagnosticSeverity.Warning,
    source: "dbt",
    code: found.name,
    message: found.message,
    data: { runId: found.runId, uniqueId: found.uniqueId },
  };
}

/** As much of a file that is not open as its diagnostic needs. */
const itsLineAlone = ({ filePath, line, lineText: text }: Found): TextDocument =>
  documentOfFile(uriOfPath(filePath), "\n".repeat(line) + text);

/** Text above a line moves it; a line that was edited stays where it is. */
function lineNow({ line, lineText: wanted, twins }: Found, lines: readonly string[]): number {
  const alike = placesOf(wanted, lines);
  const [above, below] = twins ?? [];
  if (above !== undefined && below !== undefined && alike.length === above + below + 1)
    return alike[above] ?? line;
  const [nearest = line] = alike.toSorted((a, b) => Math.abs(a - line) - Math.abs(b - line));
  return Math.min(nearest, lines.length - 1);
}

const linesOf = (text: string): string[] => text.split(/\r\n|\r|\n/);
const placesOf = (wanted: string, lines: readonly string[]): number[] =>
  lines.flatMap((each, index) => (each === wanted ? [index] : []));

function messageOf({ name, resourceType, status, message, failures }: RunNode): string {
  if (status === "error") return message ?? `${resourceType} ${name} failed.`;
  const rows = failures === null ? "" : `: ${counted(failures, "row")}`;
  const words = message?.trim() ?? "";
  const what = `${resourceType === "unit_test" ? "Unit test" : "Test"} ${name} ${status === "warn" ? "warns" : "failed"}${rows}.`;
  return words === "" || /^Got \d+ results?/.test(words) ? what : `${what}\n${words}`;
}

const textOf = (filePath: string): Promise<string | null> => readFile(filePath, "utf8").catch(() => null);
const hashOf = (text: string): string => createHash("sha1").update(text).digest("hex");
