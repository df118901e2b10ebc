import * as vscode from "vscode";
import type { TreeGrouping } from "../../protocol/manifest.ts";
import { errorMessage, isCancellation } from "../errorMessage.ts";
import type { LanguageServer } from "../languageServer.ts";
import { log } from "../log.ts";
import type { Manifests } from "../manifests.ts";
import { hoverText } from "./hoverText.ts";
import type { LiveStatuses } from "./liveStatuses.ts";
import { projectText } from "./projectText.ts";
import { entriesOf, projectEntry, withDescendants, type TreeEntry } from "./treeEntry.ts";
import { projectItem, rowItem, type TreeLook } from "./treeItem.ts";

/** The editor gathers what changed for 200 ms before it draws it. */
const drawingMs = 300;
/** In a large run something changes all the time. */
const longestDrawingMs = 2_000;

/**
 * The rows of the Project view. Only what is expanded is ever asked for, and a question whose answer nobody needs any
 * more (another filter, another grouping) is cancelled.
 */
export class ProjectTree implements vscode.TreeDataProvider<TreeEntry>, vscode.Disposable {
  readonly #server: LanguageServer;
  readonly #manifests: Manifests;
  readonly #statuses: LiveStatuses;
  readonly #changed = new vscode.EventEmitter<TreeEntry | TreeEntry[] | undefined>();
  readonly #listening: vscode.Disposable;
  #projects: TreeEntry[] = [];
  #asking = new vscode.CancellationTokenSource();
  #grouping: TreeGrouping;
  #filter = "";
  #toldAt = -Infinity;
  readonly #opened = new Map<string, boolean>();
  /** The id each row is shown with. */
  #shownAs = new WeakMap<TreeEntry, string>();

  readonly onDidChangeTreeData = this.#changed.event;

  constructor(server: LanguageServer, manifests: Manifests, statuses: LiveStatuses, grouping: TreeGrouping) {
    this.#server = server;
    this.#manifests = manifests;
    this.#statuses = statuses;
    this.#grouping = grouping;
    let shown = "";
    this.#listening = vscode.Disposable.from(
      manifests.onDidChange((manifest) => {
        if (manifest) statuses.settle(manifest.projectDir);
        this.refresh(manifest?.projectDir);
      }),
      statuses.onDidChange((ids) => this.#repaint(ids)),
      // The row of a project names its target and environment.
      server.onDidChange(() => {
        const now = JSON.stringify(
          server.projects.map(({ projectDir, target, runtime }) => [projectDir, target, runtime]),
        );
        if (now === shown) return;
        shown = now;
        this.refresh();
      }),
    );
  }

  get grouping(): TreeGrouping {
    return this.#grouping;
  }

  get filter(): string {
    return this.#filter;
  }

  show(look: { grouping?: TreeGrouping; filter?: string }): void {
    this.#grouping = look.grouping ?? this.#grouping;
    this.#filter = look.filter ?? this.#filter;
    // Other rows, though of the same nodes: that the editor closes those before, as it takes them away, is no news.
    this.#projects = [];
    this.#shownAs = new WeakMap();
    this.#asking.cancel();
    this.#asking.dispose();
    this.#asking = new vscode.CancellationTokenSource();
    this.refresh();
  }

  /** A row was opened or closed. */
  remember(entry: TreeEntry, opened: boolean): void {
    const id = this.#shownAs.get(entry);
    if (id !== undefined) this.#opened.set(id, opened);
  }

  get #look(): TreeLook {
    return { grouping: this.#grouping, filtered: this.#filter !== "", opened: this.#opened };
  }

  /** Reads anew what is shown of a project, or of all. */
  refresh(projectDir?: string): void {
    const entry = this.#projects.find((project) => project.projectDir === projectDir);
    // Projects that have just got their first manifest, or lost it, were not there before.
    this.#tell(this.#projects.length > 0 && entry && this.#hasSomething() ? entry : undefined);
  }

  /** Resolves once the editor has drawn what has changed, as far as can be known. */
  async drawn(): Promise<void> {
    const latest = Date.now() + longestDrawingMs;
    for (;;) {
      const rest = Math.min(this.#toldAt + drawingMs, latest) - Date.now();
      if (rest <= 0) return;
      await new Promise((resolve) => setTimeout(resolve, rest));
    }
  }

  /** The rows that lead to what a file defines, its own the last; undefined where there are none. */
  async pathTo(uri: vscode.Uri): Promise<TreeEntry | undefined> {
    const { treePathRequest } = await import("../../protocol/requests.ts");
    const found = await this.#server.request(treePathRequest, {
      uri: uri.toString(),
      grouping: this.#grouping,
    });
    if (!found) return undefined;
    await this.getChildren();
    let entry = this.#projects.find(({ projectDir }) => projectDir === found.projectDir);
    const rows = found.path.filter(({ kind }) => kind !== "project");
    if (rows.length === 0) return undefined;
    for (const row of rows) {
      if (!entry) return undefined;
      const children = await this.#rowsBelow(entry);
      entry = children.find((child) => child.row?.key === row.key);
    }
    return entry;
  }

  async getChildren(entry?: TreeEntry): Promise<TreeEntry[]> {
    if (!entry) return this.#projectEntries();
    // The editor asks below what is open only. It tells nobody of a row that is opened while the view is refreshed.
    this.remember(entry, true);
    return this.#rowsBelow(entry);
  }

  async #rowsBelow(entry: TreeEntry): Promise<TreeEntry[]> {
    // It is about to be taken away, and what is below it with it: rows of now would be closed with that.
    if (entry.filtered !== this.#look.filtered) return [];
    const { token } = this.#asking;
    try {
      const { treeRequest } = await import("../../protocol/requests.ts");
      const { rows } = await this.#server.request(
        treeRequest,
        {
          projectDir: entry.projectDir,
          grouping: this.#grouping,
          ...(entry.row ? { parent: entry.row.key } : {}),
          ...(this.#filter === "" ? {} : { filter: this.#filter }),
        },
        token,
      );
      // Too late: the view is looked at in another way by now. It takes one answer for all that ask meanwhile.
      if (token.isCancellationRequested) return await this.#rowsBelow(entry);
      entry.children = entriesOf(entry, rows);
      return entry.children;
    } catch (error) {
      if (token.isCancellationRequested) return this.#rowsBelow(entry);
      if (!isCancellation(error)) {
        log.warn(`The Project view could not be filled: ${errorMessage(error)}`);
      }
      return [];
    }
  }

  getTreeItem(entry: TreeEntry): vscode.TreeItem {
    const item = this.#itemOf(entry);
    if (item.id !== undefined) this.#shownAs.set(entry, item.id);
    return item;
  }

  #itemOf(entry: TreeEntry): vscode.TreeItem {
    const look = this.#look;
    const status = this.#server.projects.find(({ projectDir }) => projectDir === entry.projectDir);
    if (entry.row) {
      const live = entry.uniqueId === null ? undefined : this.#statuses.of(entry.projectDir, entry.uniqueId);
      return rowItem(entry, entry.row, look, live ?? entry.row.status, status ?? {});
    }
    const manifest = this.#manifests.of(entry.projectDir);
    if (!manifest) return new vscode.TreeItem("");
    const text = projectText(manifest, status, Date.now());
    return projectItem(entry, manifest.projectName, text, look, manifest.state !== "none");
  }

  getParent(entry: TreeEntry): TreeEntry | null {
    return entry.parent;
  }

  async resolveTreeItem(
    item: vscode.TreeItem,
    entry: TreeEntry,
    token: vscode.CancellationToken,
  ): Promise<vscode.TreeItem> {
    if (entry.uniqueId === null) return item;
    const { nodeRequest } = await import("../../protocol/requests.ts");
    const node = await this.#server.request(
      nodeRequest,
      { projectDir: entry.projectDir, uniqueId: entry.uniqueId },
      token,
    );
    item.tooltip = untrusted(node ? hoverText(node, Date.now()) : "");
    return item;
  }

  dispose(): void {
    this.#listening.dispose();
    this.#asking.dispose();
    this.#changed.dispose();
  }

  #hasSomething(): boolean {
    return this.#manifests.all.some(({ state }) => state !== "none");
  }

  /** None where there is no manifest at all: then the view says what to do instead. */
  #projectEntries(): TreeEntry[] {
    const before = new Map(this.#projects.map((entry) => [entry.projectDir, entry]));
    this.#projects = this.#hasSomething()
      ? this.#manifests.all.map(
          ({ projectDir }) => before.get(projectDir) ?? projectEntry(projectDir, this.#look.filtered),
        )
      : [];
    return this.#projects;
  }

  /** Shows the states of these nodes anew, wherever they are listed, without asking the server. */
  #repaint(ids: ReadonlySet<string>): void {
    const entries = this.#projects
      .flatMap((project) => [...withDescendants(project)])
      .filter(({ uniqueId }) => uniqueId !== null && ids.has(uniqueId));
    if (entries.length > 0) this.#tell(entries);
  }

  #tell(changed: TreeEntry | TreeEntry[] | undefined): void {
    this.#toldAt = Date.now();
    this.#changed.fire(changed);
  }
}

/** Text from a project is shown as text: no command link, no HTML. */
function untrusted(markdown: string): vscode.MarkdownString {
  const text = new vscode.MarkdownString(markdown);
  text.isTrusted = false;
  text.supportHtml = false;
  return text;
}
