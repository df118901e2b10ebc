import * as vscode from "vscode";
import { isActive } from "../runs/runList.ts";
import type { Runs } from "../runs/runs.ts";
import type { LanguageServer } from "../languageServer.ts";

const scheme = "floe-dbt-log";
/** A log that grows is read again at most so often. */
const pause = 500;

/** What dbt logged of a run or of one of its nodes, as a read-only document that grows while the run goes on. */
export class RunLog implements vscode.Disposable, vscode.TextDocumentContentProvider {
  readonly #server: LanguageServer;
  readonly #changed = new vscode.EventEmitter<vscode.Uri>();
  readonly #disposable: vscode.Disposable;
  readonly #timers = new Map<string, NodeJS.Timeout>();

  readonly onDidChange = this.#changed.event;

  constructor(server: LanguageServer, runs: Runs) {
    this.#server = server;
    this.#disposable = vscode.Disposable.from(
      this.#changed,
      vscode.workspace.registerTextDocumentContentProvider(scheme, this),
      runs.onDidChange((change) => {
        if (!change) return;
        const { head } = change.run;
        for (const { uri } of vscode.workspace.textDocuments) {
          if (uri.scheme === scheme && askedFor(uri).id === head.id) this.#later(uri, isActive(head));
        }
      }),
    );
  }

  async show(run: { id: string; title: string }, node?: { uniqueId: string; name: string }): Promise<void> {
    const query: Asked = { id: run.id, ...(node ? { uniqueId: node.uniqueId } : {}) };
    const name = (node?.name ?? run.title).replaceAll(/[/\\]/g, " ");
    const uri = vscode.Uri.from({ scheme, path: `/${name}.log`, query: JSON.stringify(query) });
    const document = await vscode.workspace.openTextDocument(uri);
    await vscode.window.showTextDocument(document, { preview: true });
  }

  async provideTextDocumentContent(uri: vscode.Uri): Promise<string> {
    const { runLogRequest } = await import("../../protocol/requests.ts");
    const { text } = await this.#server.request(runLogRequest, askedFor(uri));
    return text === "" ? "dbt has logged nothing here.\n" : text;
  }

  dispose(): void {
    for (const timer of this.#timers.values()) clearTimeout(timer);
    this.#disposable.dispose();
  }

  #later(uri: vscode.Uri, more: boolean): void {
    const key = uri.toString();
    if (!more) {
      clearTimeout(this.#timers.get(key));
      this.#timers.delete(key);
      this.#changed.fire(uri);
      return;
    }
    if (this.#timers.has(key)) return;
    const timer = setTimeout(() => {
      this.#timers.delete(key);
      this.#changed.fire(uri);
    }, pause);
    this.#timers.set(key, timer);
  }
}

interface Asked {
  id: string;
  uniqueId?: string;
}

/** Only ever what `show` has put there. */
function askedFor(uri: vscode.Uri): Asked {
  return JSON.parse(uri.query) as Asked;
}
