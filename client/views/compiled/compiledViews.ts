import * as vscode from "vscode";
import type { LanguageServer } from "../../languageServer.ts";
import { projectOf } from "../../projectOf.ts";
import { compiledScheme, compiledUri, sourceOfCompiled } from "./compiledUri.ts";
import { CompiledView } from "./compiledView.ts";
import { markErrors } from "./markErrors.ts";
import { syncEditors } from "./syncEditors.ts";

/**
 * Compiled SQL beside its source: one read-only document a file, live as one types, for as long as both are open. What is
 * no longer shown is not compiled.
 */
export class CompiledViews implements vscode.Disposable, vscode.TextDocumentContentProvider {
  readonly #server: LanguageServer;
  readonly #views = new Map<string, CompiledView>();
  readonly #changed = new vscode.EventEmitter<vscode.Uri>();
  readonly #subscriptions: vscode.Disposable[];
  /** State and target of each project when it was last looked at. */
  #projects = "";

  readonly onDidChange = this.#changed.event;

  constructor(server: LanguageServer) {
    this.#server = server;
    const view = (uri: vscode.Uri): CompiledView | undefined => this.#views.get(uri.toString());
    const views = { of: view, ofSource: (source: vscode.Uri) => this.ofSource(source) };
    this.#subscriptions = [
      vscode.workspace.registerTextDocumentContentProvider(compiledScheme, this),
      vscode.workspace.onDidChangeTextDocument(({ document, contentChanges }) => {
        if (contentChanges.length > 0) this.ofSource(document.uri)?.edited();
      }),
      // The editor takes no notice of a change while it is still opening the document.
      vscode.workspace.onDidOpenTextDocument((document) => {
        const opened = view(document.uri);
        if (opened && document.getText() !== opened.text) this.#changed.fire(document.uri);
      }),
      vscode.window.tabGroups.onDidChangeTabs(({ closed }) => {
        if (closed.length > 0) void this.#endUnseen();
      }),
      server.onDidChange(() => void this.#followProjects()),
      syncEditors(views),
      markErrors(views, this.#changed.event),
    ];
  }

  /** Shows the compiled SQL of a file beside it; the focus stays. */
  async show(source: vscode.Uri): Promise<void> {
    const view = this.open(source);
    const shown = this.#tabsOf(view.uri)[0];
    const document = await vscode.workspace.openTextDocument(view.uri);
    await vscode.window.showTextDocument(document, {
      viewColumn: shown?.group.viewColumn ?? vscode.ViewColumn.Beside,
      preserveFocus: true,
      preview: false,
    });
  }

  /** The live document of a file, which may be shown in any way; it ends when nothing shows it. */
  open(source: vscode.Uri): CompiledView {
    const known = this.ofSource(source);
    if (known) return known;
    return this.#add(source, compiledUri(source, this.#targetOf(source)));
  }

  ofSource(source: vscode.Uri): CompiledView | undefined {
    const key = source.toString();
    return [...this.#views.values()].find((view) => view.source.toString() === key);
  }

  /** The editor asks, also for a document it has restored with its window. */
  async provideTextDocumentContent(uri: vscode.Uri): Promise<string> {
    return (this.#views.get(uri.toString()) ?? this.#add(sourceOfCompiled(uri), uri)).provide();
  }

  dispose(): void {
    for (const subscription of this.#subscriptions) subscription.dispose();
    for (const view of this.#views.values()) view.dispose();
    this.#changed.dispose();
  }

  #add(source: vscode.Uri, uri: vscode.Uri): CompiledView {
    const view = new CompiledView(this.#server, source, uri, () => this.#changed.fire(uri));
    this.#views.set(uri.toString(), view);
    return view;
  }

  #targetOf(source: vscode.Uri): string | null {
    return projectOf(source.fsPath, this.#server.projects)?.target ?? null;
  }

  /** A tab that was closed takes what belongs to it along: a source its compiled SQL, compiled SQL its view. */
  async #endUnseen(): Promise<void> {
    for (const view of [...this.#views.values()]) {
      const tabs = this.#tabsOf(view.uri);
      const isCompared = tabs.some(({ input }) => input instanceof vscode.TabInputTextDiff);
      if (tabs.length > 0 && (isCompared || this.#tabsOf(view.source).length > 0)) continue;
      this.#views.delete(view.uri.toString());
      view.dispose();
      await vscode.window.tabGroups.close(tabs);
    }
  }

  /** Another target is another title; dbt that has read its project anew may compile another SQL. */
  async #followProjects(): Promise<void> {
    const projects = JSON.stringify(
      this.#server.projects.map(({ projectDir, state, target }) => [projectDir, state, target]),
    );
    if (projects === this.#projects || this.#server.state !== "running") return;
    this.#projects = projects;
    for (const view of [...this.#views.values()]) {
      const renamed = compiledUri(view.source, this.#targetOf(view.source));
      if (renamed.toString() === view.uri.toString()) view.edited();
      else await this.#rename(view, renamed);
    }
  }

  async #rename(view: CompiledView, uri: vscode.Uri): Promise<void> {
    const tabs = this.#tabsOf(view.uri);
    this.#views.delete(view.uri.toString());
    view.dispose();
    const place = tabs.find((tab) => tab.input instanceof vscode.TabInputText);
    if (place) {
      this.#add(view.source, uri);
      await vscode.window.showTextDocument(await vscode.workspace.openTextDocument(uri), {
        viewColumn: place.group.viewColumn,
        preserveFocus: true,
        preview: false,
      });
    }
    await vscode.window.tabGroups.close(tabs);
  }

  #tabsOf(uri: vscode.Uri): vscode.Tab[] {
    const key = uri.toString();
    return vscode.window.tabGroups.all
      .flatMap((group) => group.tabs)
      .filter(({ input }) => {
        if (input instanceof vscode.TabInputText) return input.uri.toString() === key;
        if (!(input instanceof vscode.TabInputTextDiff)) return false;
        return input.modified.toString() === key || input.original.toString() === key;
      });
  }
}
