import * as vscode from "vscode";
import { treeGroupings, type TreeGrouping } from "../../protocol/manifest.ts";
import { isCancellation } from "../errorMessage.ts";
import type { LanguageServer } from "../languageServer.ts";
import { log } from "../log.ts";
import type { Manifests } from "../manifests.ts";
import { askForFilter } from "./filterBox.ts";
import { LiveStatuses } from "./liveStatuses.ts";
import { ProjectTree } from "./projectTree.ts";
import type { TreeEntry } from "./treeEntry.ts";
import { setContext } from "../setContext.ts";

const groupingKey = "floeDbt.explorer.grouping";
const minute = 60_000;
/** A person who opens a file and goes to another view at once is not taken back. */
const followsAfterMs = 300;

const groupingTitles: Record<TreeGrouping, { label: string; description: string }> = {
  folder: { label: "Folder", description: "as the files lie" },
  tag: { label: "Tag", description: "a model with two tags is listed twice" },
  package: { label: "Package", description: "the project's own first" },
  group: { label: "Group", description: "by the group, and so the owner, that dbt knows" },
};

/** The Project view: what dbt knows of the projects, from their manifests, with what a person can do from there. */
export class ProjectView implements vscode.Disposable {
  readonly #server: LanguageServer;
  readonly #manifests: Manifests;
  readonly #memory: vscode.Memento;
  readonly #statuses: LiveStatuses;
  readonly #tree: ProjectTree;
  readonly #view: vscode.TreeView<TreeEntry>;
  readonly #listening: vscode.Disposable;
  #following: NodeJS.Timeout | undefined;

  constructor(server: LanguageServer, manifests: Manifests, memory: vscode.Memento) {
    this.#server = server;
    this.#manifests = manifests;
    this.#memory = memory;
    this.#statuses = new LiveStatuses(server.onRun);
    this.#tree = new ProjectTree(server, manifests, this.#statuses, rememberedGrouping(memory));
    this.#view = vscode.window.createTreeView("floeDbt.project", {
      treeDataProvider: this.#tree,
      showCollapseAll: true,
      canSelectMany: true,
    });
    // Said again as time goes by, for as long as somebody looks.
    const clock = setInterval(() => {
      if (this.#view.visible) this.#tree.refresh();
    }, minute);
    this.#listening = vscode.Disposable.from(
      new vscode.Disposable(() => clearInterval(clock)),
      new vscode.Disposable(() => clearTimeout(this.#following)),
      manifests.onDidChange(() => this.#describe()),
      server.onDidChange(() => this.#describe()),
      vscode.window.onDidChangeActiveTextEditor(() => this.#follow()),
      this.#view.onDidChangeVisibility(() => this.#follow()),
      this.#view.onDidExpandElement(({ element }) => this.#tree.remember(element, true)),
      this.#view.onDidCollapseElement(({ element }) => this.#tree.remember(element, false)),
    );
    this.#describe();
  }

  async refresh(): Promise<void> {
    await this.#manifests.refresh();
  }

  async filter(): Promise<void> {
    await askForFilter(this.#tree.filter, (filter) => this.#setFilter(filter));
  }

  clearFilter(): void {
    this.#setFilter("");
  }

  async selectGrouping(): Promise<void> {
    const items = treeGroupings.map((grouping) => ({
      ...groupingTitles[grouping],
      iconPath: new vscode.ThemeIcon(grouping === this.#tree.grouping ? "check" : "blank"),
      grouping,
    }));
    const picked = await vscode.window.showQuickPick(items, {
      title: "Group By",
      placeHolder: `Now by ${this.#tree.grouping}`,
    });
    if (!picked) return;
    this.#tree.show({ grouping: picked.grouping });
    this.#describe();
    await this.#memory.update(groupingKey, picked.grouping);
  }

  /** Shows the row of what a file defines, and takes the focus there. @throws where the manifest does not know it */
  async reveal(argument: unknown): Promise<void> {
    const uri = argument instanceof vscode.Uri ? argument : vscode.window.activeTextEditor?.document.uri;
    if (!uri) throw new Error("No file is open. Open a file of a dbt project first.");
    this.clearFilter();
    const entry = await this.#tree.pathTo(uri);
    if (!entry) {
      const file = vscode.workspace.asRelativePath(uri);
      throw new Error(
        `The manifest knows nothing that ${file} defines. Compile the project if the file is new.`,
      );
    }
    await this.#view.reveal(entry, { select: true, focus: true });
  }

  dispose(): void {
    this.#listening.dispose();
    this.#view.dispose();
    this.#tree.dispose();
    this.#statuses.dispose();
  }

  #setFilter(filter: string): void {
    if (filter === this.#tree.filter) return;
    this.#tree.show({ filter });
    this.#describe();
  }

  /** What stands above the rows, and what menus and the welcome text look at. */
  #describe(): void {
    const { filter } = this.#tree;
    const known = this.#manifests.all.some(({ state }) => state !== "none");
    const lines = [
      ...(this.#server.state === "restricted" && known
        ? ["Not trusted: shown from the manifest as it lies there; nothing of dbt runs."]
        : []),
      ...(filter === "" ? [] : [`Filter: ${filter}`]),
    ];
    this.#view.message = lines.join(" · ");
    this.#view.description = this.#tree.grouping === "folder" ? "" : `by ${this.#tree.grouping}`;
    setContext("floeDbt.explorer.filtered", filter !== "");
    setContext("floeDbt.explorer.empty", this.#manifests.answered && !known);
    setContext("floeDbt.explorer.shown", this.#server.answers);
    const remedy = this.#server.projects.find((project) => project.remedy)?.remedy;
    setContext("floeDbt.explorer.remedy", remedy?.command ?? "");
  }

  /** Where the setting says so, selects the row of the active file, and leaves the focus where it is. */
  #follow(): void {
    clearTimeout(this.#following);
    this.#following = setTimeout(() => {
      this.#select().catch((error: unknown) => {
        if (!isCancellation(error)) log.debug(`The active file was not revealed: ${String(error)}`);
      });
    }, followsAfterMs);
  }

  async #select(): Promise<void> {
    // The editor reveals a row after what it has to draw, and opens the view for it, also one that was left meanwhile.
    await this.#tree.drawn();
    const uri = this.#toFollow();
    if (!uri) return;
    const entry = await this.#tree.pathTo(uri);
    if (!entry || this.#toFollow()?.toString() !== uri.toString()) return;
    await this.#view.reveal(entry, { select: true, focus: false });
  }

  /** The active file, where its row is to be selected and is not. */
  #toFollow(): vscode.Uri | undefined {
    const uri = vscode.window.activeTextEditor?.document.uri;
    const wanted = vscode.workspace.getConfiguration("floeDbt").get<boolean>("explorer.autoReveal", true);
    if (!wanted || !this.#view.visible || this.#tree.filter !== "") return undefined;
    if (uri?.scheme !== "file" || !this.#server.answers) return undefined;
    // A row that was just clicked is where it is: another that stands for the same file must not take its place.
    return this.#view.selection.some((entry) => entry.row?.filePath === uri.fsPath) ? undefined : uri;
  }
}

function rememberedGrouping(memory: vscode.Memento): TreeGrouping {
  const remembered = memory.get<string>(groupingKey);
  return treeGroupings.find((grouping) => grouping === remembered) ?? "folder";
}
