import * as vscode from "vscode";
import type { NodeStatus, RunNode, RunRequest } from "../../protocol/run.ts";
import { errorMessage } from "../errorMessage.ts";
import { isActive, type KnownRun } from "../runs/runList.ts";
import type { Runs } from "../runs/runs.ts";
import { endLines, exitCode, nodeLine, problemLine } from "./taskText.ts";

/** The terminal of a task: a run like any other, told line by line. Closing it cancels the run. */
export class RunTerminal implements vscode.Pseudoterminal {
  readonly #runs: Runs;
  readonly #request: () => Promise<RunRequest>;
  readonly #written = new vscode.EventEmitter<string>();
  readonly #closed = new vscode.EventEmitter<number>();
  readonly #told = new Map<string, NodeStatus>();
  #listening: vscode.Disposable | undefined;
  #id: string | undefined;
  #ended = false;
  #unwanted = false;

  readonly onDidWrite = this.#written.event;
  readonly onDidClose = this.#closed.event;

  constructor(runs: Runs, request: () => Promise<RunRequest>) {
    this.#runs = runs;
    this.#request = request;
  }

  open(): void {
    this.#start().catch((error: unknown) => {
      this.#write(errorMessage(error));
      this.#end(2);
    });
  }

  /** Also Ctrl+C and the Terminate button. */
  close(): void {
    this.#cancel();
    this.#listening?.dispose();
  }

  handleInput(keys: string): void {
    if (keys === "\u0003") this.#cancel();
  }

  async #start(): Promise<void> {
    this.#listening = this.#runs.onDidChange((change) => {
      const run = change?.run ?? (this.#id === undefined ? undefined : this.#runs.get(this.#id));
      if (run && run.head.id === this.#id) this.#tell(run);
    });
    this.#id = await this.#runs.start(await this.#request(), { quiet: true });
    if (this.#unwanted) this.#cancel();
    const run = this.#runs.get(this.#id);
    if (run) this.#tell(run);
  }

  #cancel(): void {
    this.#unwanted = true;
    if (this.#ended || this.#id === undefined) return;
    this.#runs.cancel(this.#id).catch((error: unknown) => this.#write(errorMessage(error)));
  }

  #tell(run: KnownRun): void {
    if (this.#ended) return;
    if (this.#told.size === 0) {
      this.#told.set("", "running");
      this.#write(`> ${run.head.command}`);
    }
    for (const node of run.nodes.values()) {
      if (this.#told.get(node.uniqueId) === node.status) continue;
      this.#told.set(node.uniqueId, node.status);
      const line = nodeLine(node);
      if (line !== undefined) this.#write(line);
    }
    if (isActive(run.head)) return;
    for (const node of run.nodes.values()) {
      const line = isAmongProblems(node) ? undefined : problemLine(node);
      if (line !== undefined) this.#write(line);
    }
    for (const line of endLines(run.head)) this.#write(line);
    this.#end(exitCode(run.head.state));
  }

  #write(text: string): void {
    this.#written.fire(`${text.replaceAll("\n", "\r\n")}\r\n`);
  }

  #end(code: number): void {
    this.#ended = true;
    this.#listening?.dispose();
    this.#closed.fire(code);
  }
}

/** The language server tells most of what a run finds: the problem matcher is for what it does not. */
function isAmongProblems({ filePath, line }: RunNode): boolean {
  if (filePath === null) return false;
  return vscode.languages
    .getDiagnostics(vscode.Uri.file(filePath))
    .some(({ source, range }) => source === "dbt" && range.start.line === (line ?? 1) - 1);
}
