import { randomBytes } from "node:crypto";
import * as vscode from "vscode";
import type { PageAction, PreviewError, PreviewState, ToPreviewPage } from "../../protocol/previewPage.ts";
import type { PreviewRows } from "../../protocol/run.ts";
import type { Remedy } from "../../protocol/runtime.ts";
import { errorMessage, isCancellation, remedyOf } from "../errorMessage.ts";
import { log, report, runRemedy } from "../log.ts";
import { htmlPage } from "../views/htmlPage.ts";
import type { VirtualTexts } from "../views/virtualTexts.ts";
import { failureOf } from "./failure.ts";
import { saveRows } from "./saveRows.ts";
import { setContext } from "../setContext.ts";

/** Something that gives rows. */
export interface PreviewQuery {
  title: string;
  /** The file it is about, whose line a failure may name. */
  source: vscode.Uri | null;
  /** @throws in a person's words; PreviewFailure may ride along as `data` */
  rows: (limit: number, token: vscode.CancellationToken) => Promise<PreviewRows>;
  /** What mends a failure of these words, where the failure itself does not say. */
  remedy?: (message: string) => Remedy | undefined;
}

const viewId = "floeDbt.preview";

/**
 * The Query Results view. What it shows is kept here, and given to the page whenever the page comes (back): hidden, it
 * costs nothing. One query at a time: the next one cancels it.
 */
export class PreviewView implements vscode.Disposable, vscode.WebviewViewProvider {
  readonly #extensionUri: vscode.Uri;
  readonly #texts: VirtualTexts;
  readonly #registration: vscode.Disposable;
  readonly #changed = new vscode.EventEmitter<void>();
  #view: vscode.WebviewView | undefined;
  #query: PreviewQuery | undefined;
  #running: vscode.CancellationTokenSource | undefined;
  #line: number | undefined;
  #remedy: Remedy | undefined;
  #state: PreviewState = {
    id: 0,
    title: "",
    status: "empty",
    startedAt: 0,
    limit: 0,
    result: null,
    resultId: 0,
    error: null,
  };

  readonly onDidChange = this.#changed.event;

  constructor(extensionUri: vscode.Uri, texts: VirtualTexts) {
    this.#extensionUri = extensionUri;
    this.#texts = texts;
    this.#registration = vscode.window.registerWebviewViewProvider(viewId, this);
  }

  /** What is shown now. */
  get state(): Readonly<PreviewState> {
    return this.#state;
  }

  /** Runs a query and shows its rows. Resolves when it has ended, in whichever way; never rejects. */
  async run(query: PreviewQuery, limit: number): Promise<void> {
    const again = this.#query === query;
    this.#query = query;
    this.#running?.cancel();
    const running = new vscode.CancellationTokenSource();
    this.#running = running;
    const startedAt = Date.now();
    this.#line = undefined;
    this.#remedy = undefined;
    this.#become({
      id: again ? this.#state.id : startedAt,
      title: query.title,
      status: "running",
      startedAt,
      limit,
      result: again ? this.#state.result : null,
      error: null,
    });
    await this.#reveal();
    try {
      const result = await query.rows(limit, running.token);
      if (this.#endsWith(running))
        this.#become({ status: "rows", result, resultId: this.#state.resultId + 1 });
    } catch (error) {
      if (this.#endsWith(running)) this.#failed(error);
    } finally {
      running.dispose();
    }
  }

  async rerun(limit = this.#state.limit): Promise<void> {
    if (this.#query) await this.run(this.#query, limit);
  }

  cancel(): void {
    this.#running?.cancel();
  }

  /** Has the page, which knows the order and the selection, copy or save. */
  act(action: PageAction): void {
    this.#post({ type: "act", action });
  }

  /** The query that ran, in an editor. */
  async openQuery(): Promise<void> {
    const { error, result, title, id } = this.#state;
    const sql = error ? error.sql : result?.sql;
    if (sql == null) throw new Error("There is no query to show yet.");
    const uri = this.#texts.add(`${title} (query).sql`, String(id), sql);
    await vscode.window.showTextDocument(uri, { preview: true });
  }

  resolveWebviewView(view: vscode.WebviewView): void {
    const { webview } = view;
    const dist = vscode.Uri.joinPath(this.#extensionUri, "dist");
    this.#view = view;
    webview.options = { enableScripts: true, localResourceRoots: [dist] };
    webview.onDidReceiveMessage((message: unknown) => void this.#receive(message));
    view.onDidDispose(() => (this.#view = undefined));
    const files = {
      script: webview.asWebviewUri(vscode.Uri.joinPath(dist, "preview.js")).toString(),
      style: webview.asWebviewUri(vscode.Uri.joinPath(dist, "preview-style.css")).toString(),
      cspSource: webview.cspSource,
    };
    webview.html = htmlPage("Query Results", randomBytes(16).toString("hex"), files, "");
  }

  dispose(): void {
    this.#running?.cancel();
    this.#registration.dispose();
    this.#changed.dispose();
  }

  /** Whether it is this one that has ended, and no other has taken its place. */
  #endsWith(running: vscode.CancellationTokenSource): boolean {
    if (this.#running !== running) return false;
    this.#running = undefined;
    return true;
  }

  /** A page is a page: what it sends is checked, and its mistakes are told like any other. */
  async #receive(data: unknown): Promise<void> {
    const { fromPreviewPageSchema } = await import("../../protocol/previewPage.ts");
    const parsed = fromPreviewPageSchema.safeParse(data);
    if (!parsed.success) {
      log.warn(`The preview's page sent something unknown: ${parsed.error.message}`);
      return;
    }
    const message = parsed.data;
    try {
      switch (message.type) {
        case "ready":
          this.#post({ type: "state", state: this.#state });
          break;
        case "cancel":
          this.cancel();
          break;
        case "rerun":
          await this.rerun(message.limit);
          break;
        case "openQuery":
          await this.openQuery();
          break;
        case "jump":
          await this.#jump();
          break;
        case "remedy":
          if (this.#remedy) await runRemedy(this.#remedy);
          break;
        case "copy":
          await vscode.env.clipboard.writeText(message.text);
          vscode.window.setStatusBarMessage(`${message.what} in the clipboard.`, 5_000);
          break;
        case "save":
          await saveRows(this.#state.title, message, this.#query?.source ?? null);
          break;
      }
    } catch (error) {
      await report(error);
    }
  }

  #failed(error: unknown): void {
    if (isCancellation(error)) {
      this.#become({ status: "cancelled" });
      return;
    }
    const message = errorMessage(error);
    const { sql, line } = failureOf(error);
    this.#line = line;
    this.#remedy = remedyOf(error) ?? this.#query?.remedy?.(message);
    log.warn(`Preview of ${this.#state.title}: ${message}`);
    const failure: PreviewError = {
      message,
      sql: sql ?? null,
      canJump: line !== undefined && this.#query?.source != null,
      remedy: this.#remedy?.title ?? null,
    };
    this.#become({ status: "failed", error: failure });
  }

  async #jump(): Promise<void> {
    const source = this.#query?.source;
    if (!source || this.#line === undefined) return;
    const at = new vscode.Position(this.#line, 0);
    const editor = await vscode.window.showTextDocument(source, { selection: new vscode.Range(at, at) });
    editor.revealRange(new vscode.Range(at, at), vscode.TextEditorRevealType.InCenterIfOutsideViewport);
  }

  #become(change: Partial<PreviewState>): void {
    this.#state = { ...this.#state, ...change };
    setContext("floeDbt.preview.hasQuery", this.#query !== undefined);
    setContext("floeDbt.preview.running", this.#running !== undefined);
    setContext("floeDbt.preview.hasRows", this.#state.status === "rows");
    this.#post({ type: "state", state: this.#state });
    this.#changed.fire();
  }

  #post(message: ToPreviewPage): void {
    void this.#view?.webview.postMessage(message);
  }

  /** Without taking the focus from the editor. */
  async #reveal(): Promise<void> {
    if (this.#view) this.#view.show(true);
    else await vscode.commands.executeCommand(`${viewId}.focus`, { preserveFocus: true });
  }
}
