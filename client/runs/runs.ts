import * as vscode from "vscode";
import type { RunRequest } from "../../protocol/run.ts";
import type { LanguageServer } from "../languageServer.ts";
import { log } from "../log.ts";
import { isActive, type KnownRun, RunList, type RunListChange } from "./runList.ts";

/** Loaded with the server: see languageServer.ts. */
const requests = () => import("../../protocol/requests.ts");

/** The runs of this window: what is known of them, and how to start and stop them. */
export class Runs implements vscode.Disposable {
  readonly #server: LanguageServer;
  readonly #list = new RunList();
  readonly #changed = new vscode.EventEmitter<RunListChange | undefined>();
  readonly #ended = new vscode.EventEmitter<KnownRun>();
  readonly #listening: vscode.Disposable;
  /** Started here and not ended yet: their end is told. */
  readonly #mine = new Set<string>();
  #asked = false;

  /** Fires with one change, or with nothing when the whole list is another. */
  readonly onDidChange = this.#changed.event;
  /** A run that a person started here has ended. */
  readonly onDidEnd = this.#ended.event;

  constructor(server: LanguageServer) {
    this.#server = server;
    this.#listening = vscode.Disposable.from(
      server.onRun((change) => {
        const applied = this.#list.apply(change);
        this.#changed.fire(applied);
        this.#tell(change.run.id);
      }),
      server.onDidChange(() => this.#askOnce()),
    );
  }

  /** The newest first. */
  get all(): readonly KnownRun[] {
    return this.#list.all;
  }

  get active(): readonly KnownRun[] {
    return this.#list.active;
  }

  get(id: string): KnownRun | undefined {
    return this.#list.get(id);
  }

  /**
   * @param options `quiet`: whoever starts it tells how it ended
   * @returns the run's id, as soon as it is in the queue
   * @throws if it cannot be started at all
   */
  async start(request: RunRequest, options: { quiet?: boolean } = {}): Promise<string> {
    const { startRunRequest } = await requests();
    const { id } = await this.#server.request(startRunRequest, request);
    if (options.quiet !== true) this.#mine.add(id);
    this.#tell(id);
    return id;
  }

  /** Waits until it has ended. */
  async cancel(id: string): Promise<void> {
    const { cancelRunRequest } = await requests();
    await this.#server.request(cancelRunRequest, { id });
  }

  async clear(): Promise<void> {
    const { clearRunsRequest } = await requests();
    await this.#server.request(clearRunsRequest, {});
    this.#list.clear();
    this.#changed.fire(undefined);
  }

  dispose(): void {
    this.#listening.dispose();
    this.#changed.dispose();
    this.#ended.dispose();
  }

  #tell(id: string): void {
    const run = this.#list.get(id);
    if (!run || isActive(run.head) || !this.#mine.delete(id)) return;
    this.#ended.fire(run);
  }

  /** At each start of the server: it keeps the history. */
  #askOnce(): void {
    const running = this.#server.state === "running";
    if (running && !this.#asked) {
      this.#ask().catch((error: unknown) => log.warn(`The runs are not known: ${String(error)}`));
    }
    this.#asked = running;
  }

  async #ask(): Promise<void> {
    const { runsRequest } = await requests();
    const { runs } = await this.#server.request(runsRequest, {});
    this.#list.replace(runs);
    this.#changed.fire(undefined);
  }
}
