import { setTimeout as pause } from "node:timers/promises";
import type * as vscode from "vscode";
import type { CompiledText } from "../../../protocol/run.ts";
import { errorMessage, isCancellation } from "../../errorMessage.ts";
import type { LanguageServer } from "../../languageServer.ts";
import { lineMap, type LineMap } from "./lineMap.ts";

/** Time between two compiles while somebody types, in milliseconds. The first after a pause goes out at once. */
const paceMs = 80;

/** For so long a document that is opened waits for its SQL before it says that there is none yet, in milliseconds. */
const patienceMs = 300;

/** The compiled SQL of one file, kept current with what is typed. */
export class CompiledView implements vscode.Disposable {
  readonly source: vscode.Uri;
  readonly uri: vscode.Uri;
  readonly #server: Pick<LanguageServer, "request">;
  readonly #onDidChange: () => void;
  #good: CompiledText | null = null;
  #map: LineMap = lineMap([]);
  #error: string | null = null;
  #asked = false;
  #running = false;
  #again = false;
  #timer: NodeJS.Timeout | undefined;
  #lastStart = 0;
  #disposed = false;

  /** @param onDidChange called when `text` or `error` may be another */
  constructor(
    server: Pick<LanguageServer, "request">,
    source: vscode.Uri,
    uri: vscode.Uri,
    onDidChange: () => void,
  ) {
    this.#server = server;
    this.source = source;
    this.uri = uri;
    this.#onDidChange = onDidChange;
  }

  /**
   * What the document says, which the editor asks for when it opens it and after each change. Only the first time it is
   * compiled for that: what does not compile would be compiled again and again.
   */
  async provide(): Promise<string> {
    if (!this.#asked) {
      this.#asked = true;
      await Promise.race([this.refresh(), pause(patienceMs)]);
    }
    return this.text;
  }

  /** The last SQL that compiled; where there is none yet, why, as a comment. */
  get text(): string {
    if (this.#good?.sql != null) return this.#good.sql;
    const words = this.#error === null ? "Compiling…" : `This does not compile:\n${this.#error}`;
    return words.replace(/^/gm, "-- ");
  }

  /** Why what is in the editor now does not compile; null where it does. */
  get error(): string | null {
    return this.#error;
  }

  /** Whether `text` is SQL that compiled, though perhaps a while ago. */
  get hasSql(): boolean {
    return this.#good !== null;
  }

  get map(): LineMap {
    return this.#map;
  }

  /** The file or something it depends on has changed. */
  edited(): void {
    if (this.#disposed || this.#timer) return;
    if (this.#running) {
      this.#again = true;
      return;
    }
    const wait = this.#lastStart + paceMs - Date.now();
    if (wait <= 0) void this.refresh();
    else this.#timer = setTimeout(() => void this.refresh(), wait);
  }

  /** Compiles what is in the editor now. Never rejects: that it could not be done is `error`. */
  async refresh(): Promise<void> {
    await this.#compile();
    if (this.#isGone()) return;
    this.#onDidChange();
    if (this.#again) this.edited();
  }

  async #compile(): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#running = true;
    this.#again = false;
    this.#lastStart = Date.now();
    try {
      const { compileTextRequest } = await import("../../../protocol/requests.ts");
      const answer = await this.#server.request(compileTextRequest, { uri: this.source.toString() });
      this.#take(answer);
    } catch (error) {
      // Cancelled by a newer request, whose answer will come.
      if (!isCancellation(error)) this.#error = errorMessage(error);
    }
    this.#running = false;
  }

  #isGone(): boolean {
    return this.#disposed;
  }

  dispose(): void {
    this.#disposed = true;
    clearTimeout(this.#timer);
  }

  #take(answer: CompiledText): void {
    this.#error = answer.error?.message ?? null;
    if (answer.sql === null) {
      this.#error ??= "dbt gave no SQL and no reason.";
      return;
    }
    this.#good = answer;
    this.#map = lineMap(answer.sourceLines);
  }
}
