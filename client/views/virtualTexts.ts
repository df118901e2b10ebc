import * as vscode from "vscode";

const scheme = "floe-dbt-text";

/** Texts of ours that are looked at in an editor and belong to no file: a query that ran, SQL of an earlier run. */
export class VirtualTexts implements vscode.Disposable, vscode.TextDocumentContentProvider {
  readonly #texts = new Map<string, string>();
  readonly #changed = new vscode.EventEmitter<vscode.Uri>();
  readonly #subscriptions: vscode.Disposable[];

  readonly onDidChange = this.#changed.event;

  constructor() {
    this.#subscriptions = [
      vscode.workspace.registerTextDocumentContentProvider(scheme, this),
      vscode.workspace.onDidCloseTextDocument(({ uri }) => {
        if (uri.scheme === scheme) this.#texts.delete(uri.toString());
      }),
    ];
  }

  /**
   * @param title what the tab says, with the extension that gives it its language
   * @param about tells texts of one title apart: a file's URI
   */
  add(title: string, about: string, text: string): vscode.Uri {
    const uri = vscode.Uri.from({ scheme, path: `/${title.replaceAll("/", "∕")}`, query: about });
    this.#texts.set(uri.toString(), text);
    this.#changed.fire(uri);
    return uri;
  }

  provideTextDocumentContent(uri: vscode.Uri): string {
    return this.#texts.get(uri.toString()) ?? "-- This text is no longer known: its window was closed.";
  }

  dispose(): void {
    for (const subscription of this.#subscriptions) subscription.dispose();
    this.#changed.dispose();
  }
}
