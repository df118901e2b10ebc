import * as vscode from "vscode";
import type { RequestType } from "vscode-languageserver-protocol";
import type { LanguageClient, WorkspaceEdit } from "vscode-languageclient/node";
import type { ManifestInfo } from "../protocol/manifest.ts";
import type { ProjectParams, RunChange } from "../protocol/requests.ts";
import type { ProjectStatus } from "../protocol/runtime.ts";
import { coalesced } from "./coalesce.ts";
import { log, report } from "./log.ts";
import type { PythonExtension } from "./python.ts";
import { setContext } from "./setContext.ts";

/**
 * - waiting: no dbt project in the workspace, so nothing runs
 * - restricted: the workspace is not trusted, so the server only reads files: it starts nothing, and only views use it
 * - stopped: it ran and no longer does
 */
export type ServerState = "waiting" | "restricted" | "starting" | "running" | "stopped" | "failed";

/** Loaded when the server starts: the protocol's library would be half of the activation's time. */
const languageClient = () => import("./languageClient.ts");

/** The language server's process, from here: its life, its state, and what it says of the projects. */
export class LanguageServer implements vscode.Disposable {
  readonly #context: vscode.ExtensionContext;
  readonly #python: PythonExtension;
  readonly #changed = new vscode.EventEmitter<void>();
  readonly #manifest = new vscode.EventEmitter<ManifestInfo>();
  readonly #run = new vscode.EventEmitter<RunChange>();
  #client: LanguageClient | undefined;
  #state: ServerState = "waiting";
  #projects: readonly ProjectStatus[] = [];
  #hasProjects = false;
  #progressTokens = 0;
  /** Requests that are answered from files alone: all that may be asked in a workspace that is not trusted. */
  #reading: readonly string[] = [];

  /** Fires when `state` or `projects` has changed. */
  readonly onDidChange = this.#changed.event;
  /** A project's manifest is another one now. Silent until the server runs: ask dbt/getManifestInfo for what was before. */
  readonly onManifest = this.#manifest.event;
  /** A run began, moved on or ended. */
  readonly onRun = this.#run.event;
  /** Starts the server, or starts it afresh. Any number of calls at once cost at most two starts. */
  readonly restart = coalesced(async () => {
    await this.stop();
    await this.#start();
  });

  constructor(context: vscode.ExtensionContext, python: PythonExtension) {
    this.#context = context;
    this.#python = python;
    python.onDidChange(() => void this.#announcePython());
  }

  get state(): ServerState {
    return this.#state;
  }

  get projects(): readonly ProjectStatus[] {
    return this.#projects;
  }

  /** Whether there was a project to run when it was last known: stays true while the server starts afresh. */
  get hasProjects(): boolean {
    return this.#hasProjects;
  }

  /** Whether requests are answered: by a server that does all, or by one that only reads. */
  get answers(): boolean {
    return this.#state === "running" || this.#state === "restricted";
  }

  /** Says that nothing is here to run for. */
  wait(): void {
    this.#hasProjects = false;
    this.#become("waiting");
  }

  /** @throws an error for a person if the server does not run or could not do it; a cancellation if `token` fired */
  async request<Params, Result>(
    type: RequestType<Params, Result, void>,
    params: Params,
    token?: vscode.CancellationToken,
  ): Promise<Result> {
    const client = this.#running(type.method);
    // Not with an undefined token: of a method given by name, it would be sent as a second parameter.
    return token
      ? client.sendRequest<Result>(type.method, params, token)
      : client.sendRequest<Result>(type.method, params);
  }

  /** A request that takes long: shown with the server's own progress, and cancellable. */
  async requestWithProgress<Params extends ProjectParams, Result>(
    title: string,
    type: RequestType<Params, Result, void>,
    params: Params,
  ): Promise<Result> {
    const client = this.#running(type.method);
    const { workDone } = await languageClient();
    const workDoneToken = `floeDbt-${++this.#progressTokens}`;
    return vscode.window.withProgress(
      { location: vscode.ProgressLocation.Notification, title, cancellable: true },
      async (progress, token) => {
        let shown = 0;
        const listening = client.onProgress(workDone, workDoneToken, (value) => {
          if (value.kind === "end") return;
          const percentage = value.percentage ?? shown;
          progress.report({
            ...(value.message === undefined ? {} : { message: value.message }),
            increment: Math.max(0, percentage - shown),
          });
          shown = Math.max(shown, percentage);
        });
        try {
          return await client.sendRequest<Result>(type.method, { ...params, workDoneToken }, token);
        } finally {
          listening.dispose();
        }
      },
    );
  }

  /** The editor's form of the server's edit. */
  asWorkspaceEdit(edit: WorkspaceEdit): Promise<vscode.WorkspaceEdit> {
    return this.#running().protocol2CodeConverter.asWorkspaceEdit(edit);
  }

  async stop(): Promise<void> {
    const client = this.#client;
    this.#client = undefined;
    this.#projects = [];
    if (!client) return;
    try {
      await client.dispose();
    } catch (error) {
      log.warn(`The language server did not stop in order: ${String(error)}`);
    }
  }

  dispose(): void {
    void this.stop();
    this.#changed.dispose();
    this.#manifest.dispose();
    this.#run.dispose();
  }

  async #announcePython(): Promise<void> {
    const { pythonInterpreterChanged } = await import("../protocol/requests.ts");
    if (this.#client?.isRunning()) await this.#client.sendNotification(pythonInterpreterChanged, {});
  }

  async #start(): Promise<void> {
    this.#become("starting");
    const trusted = vscode.workspace.isTrusted;
    const { makeClient } = await languageClient();
    const listener = {
      onState: (state: "starting" | "running" | "stopped") => {
        if (client !== this.#client) return;
        this.#become(state === "running" && !trusted ? "restricted" : state);
      },
      onProjects: (projects: readonly ProjectStatus[]) => {
        this.#projects = projects;
        this.#hasProjects = trusted && projects.length > 0;
        this.#changed.fire();
      },
      onManifest: (manifest: ManifestInfo) => this.#manifest.fire(manifest),
      onRun: (change: RunChange) => this.#run.fire(change),
    };
    const client = makeClient(this.#context, this.#python, listener, trusted);
    this.#reading = (await import("../protocol/requests.ts")).readingRequests;
    this.#client = client;
    try {
      await client.start();
    } catch (error) {
      this.#become("failed");
      await client.dispose().catch(() => undefined);
      void report(new Error(`Floe dbt's language server did not start: ${String(error)}`));
    }
  }

  /** @param method what is to be asked; without one, only conversions are */
  #running(method?: string): LanguageClient {
    const allowed = this.#state !== "restricted" || method === undefined || this.#reading.includes(method);
    if (allowed && this.#client?.isRunning()) return this.#client;
    throw new Error(notRunning[this.#state]);
  }

  #become(state: ServerState): void {
    this.#state = state;
    if (!this.answers) this.#projects = [];
    setContext("floeDbt.running", state === "running");
    this.#changed.fire();
  }
}

const notRunning: Record<ServerState, string> = {
  waiting: "There is no dbt_project.yml in this workspace. Open a folder that holds a dbt project.",
  restricted: "This workspace is not trusted, so dbt does not run. Trust it to lint and fix.",
  starting: "Floe dbt is still starting. Try again in a moment.",
  running: "Floe dbt is still starting. Try again in a moment.",
  stopped: "Floe dbt's language server has stopped. Run “Floe dbt: Restart”.",
  failed: "Floe dbt's language server did not start. Run “Floe dbt: Restart”, or look into its log.",
};
