import { readFile } from "node:fs/promises";
import path from "node:path";
import type { RunNode } from "../../protocol/run.ts";
import { testPlaces, type TestPlaces } from "../config/testPlaces.ts";
import { lineInWarehouseMessage } from "../sql/warehousePosition.ts";
import { sqlFileOf, type ProjectFolders } from "./nodeFiles.ts";
import { sourceLines } from "./sourceLines.ts";

/** Characters. To parse more would keep everyone waiting; the name of a test is looked for as it is, then. */
const longestYaml = 1_000_000;

/** Finds the lines that messages of nodes are about. Files are read once: make one for each run. */
export class NodePlaces {
  readonly #folders: ProjectFolders;
  readonly #texts = new Map<string, Promise<string | null>>();
  readonly #tests = new Map<string, TestPlaces>();

  constructor(folders: ProjectFolders) {
    this.#folders = folders;
  }

  /** @returns the 0-based line in the node's file; null where the file cannot be read */
  async lineOf(node: RunNode): Promise<number | null> {
    const { filePath } = node;
    const text = filePath === null ? null : await this.#text(filePath);
    if (filePath === null || text === null) return null;
    if (/\.ya?ml$/i.test(filePath)) return this.#testLine(filePath, text, node.name);
    return (await this.#lineInSql(node, text)) ?? 0;
  }

  #testLine(filePath: string, text: string, name: string): number {
    if (text.length > longestYaml)
      return Math.max(
        0,
        text.split(/\r\n|\n/).findIndex((line) => holdsWord(line, name)),
      );
    const places = this.#tests.get(filePath) ?? testPlaces(filePath, text);
    this.#tests.set(filePath, places);
    return places.rangeOf(name)?.start.line ?? 0;
  }

  async #lineInSql(node: RunNode, source: string): Promise<number | null> {
    const message = node.message ?? "";
    if (node.status === "fail" || node.status === "warn" || !/\.sql$/i.test(node.filePath ?? "")) return null;
    const lines = source.split(/\r\n|\n/);
    if (/Compilation Error|Parsing Error/.test(message)) {
      return dbtsOwnLine(message, lines) ?? lineOfName(message, lines);
    }
    const compiled = await this.#sql(node, "compiled");
    const line = compiled === null ? null : await this.#compiledLine(node, message, compiled);
    if (compiled === null || line === null) return lineOfName(message, lines);
    const mapped = sourceLines(source, compiled)[line] ?? -1;
    return mapped === -1 ? lineOfName(message, lines) : mapped;
  }

  /** A line number counts in what was sent, which has more around the query than dbt compiled. */
  async #compiledLine(node: RunNode, message: string, compiled: string): Promise<number | null> {
    if (/\bLINE \d+: \S/.test(message)) return lineInWarehouseMessage(message, compiled);
    const sent = await this.#sql(node, "run");
    const line = lineInWarehouseMessage(message, sent ?? compiled);
    if (line === null || sent === null) return line;
    const first = compiled.split(/\r\n|\n/).findIndex((text) => text.trim() !== "");
    const firstText = compiled.split(/\r\n|\n/)[first]?.trim() ?? "";
    const start = sent.split(/\r\n|\n/).findIndex((text) => text.includes(firstText));
    return start === -1 ? null : Math.max(0, line - start + first);
  }

  async #sql(node: RunNode, of: "compiled" | "run"): Promise<string | null> {
    const file = of === "compiled" ? node.compiledPath : null;
    const place = file ?? sqlFileOf(node, of, this.#folders);
    return place === null ? null : this.#text(place);
  }

  #text(filePath: string): Promise<string | null> {
    const known = this.#texts.get(filePath);
    if (known) return known;
    const text = readFile(path.normalize(filePath), "utf8").catch(() => null);
    this.#texts.set(filePath, text);
    return text;
  }
}

/** "line 3" on a line of its own, under the message of a template error. */
function dbtsOwnLine(message: string, lines: readonly string[]): number | null {
  const line = Number(/^\s*line (\d+)\s*$/m.exec(message)?.[1] ?? 0) - 1;
  return line >= 0 && line < lines.length ? line : null;
}

/** "'nope' is undefined", "column "nope" not found", "a node named 'nope'": the first line that has the name. */
function lineOfName(message: string, lines: readonly string[]): number | null {
  const names = [
    ...message.matchAll(/(?:'([^'\n]+)' is undefined|named ["']([^"'\n]+)["']|["'`](\w+)["'`])/g),
  ]
    .map((match) => match[1] ?? match[2] ?? match[3] ?? "")
    .filter((name) => name !== "");
  for (const name of names) {
    const line = lines.findIndex((text) => holdsWord(text, name));
    if (line !== -1) return line;
  }
  return null;
}

function holdsWord(text: string, word: string): boolean {
  const at = text.toLowerCase().indexOf(word.toLowerCase());
  return at !== -1 && !/\w/.test(text[at - 1] ?? "") && !/\w/.test(text[at + word.length] ?? "");
}
