import * as vscode from "vscode";
import { runTitle } from "../runs/command.ts";
import { isActive, type KnownRun } from "../runs/runList.ts";
import {
  longestOf,
  nodeLook,
  nodesInOrder,
  noteLook,
  type RowLook,
  runLook,
  stepLook,
  toldMessage,
} from "../runs/rows.ts";
import type { Runs } from "../runs/runs.ts";
import { setContext } from "../setContext.ts";

/** A row: what it stands for, looked up when it is drawn. Menus hand it to the commands. */
export type RunsRow =
  | { kind: "run"; runId: string }
  | { kind: "node"; runId: string; uniqueId: string }
  | { kind: "step"; runId: string; index: number }
  | { kind: "note"; runId: string; text: string; tone: "error" | "info" };

/** Rows are drawn again at most so often while dbt runs; a run of thousands of nodes less often still. */
const shortestPause = 150;
const pausePerNode = 0.5;
/** How long a node has been running is told so often: a click on a row that is being drawn is lost. */
const betweenTimes = 2000;

/** The Runs view: what dbt ran and runs, node by node, while it goes on. */
export class RunsView implements vscode.Disposable, vscode.TreeDataProvider<RunsRow> {
  readonly #runs: Runs;
  readonly #projectName: (projectDir: string) => string | undefined;
  readonly #changed = new vscode.EventEmitter<RunsRow | undefined>();
  readonly #view: vscode.TreeView<RunsRow>;
  readonly #disposable: vscode.Disposable;
  /** The same object for the same row, so that one run can be drawn anew without the others. */
  readonly #rows = new Map<string, RunsRow>();
  readonly #dirty = new Set<string>();
  #allDirty = false;
  #timer: NodeJS.Timeout | undefined;
  #clock: NodeJS.Timeout | undefined;

  readonly onDidChangeTreeData = this.#changed.event;

  /** @param projectName undefined where there is but one project, and no need to name it */
  constructor(runs: Runs, projectName: (projectDir: string) => string | undefined) {
    this.#runs = runs;
    this.#projectName = projectName;
    this.#view = vscode.window.createTreeView("floeDbt.runs", {
      treeDataProvider: this,
      showCollapseAll: true,
    });
    this.#disposable = vscode.Disposable.from(
      this.#view,
      this.#changed,
      this.#view.onDidChangeVisibility(() => this.#keepTime()),
      runs.onDidChange((change) => {
        if (!change || change.listed) this.#allDirty = true;
        else this.#dirty.add(change.run.head.id);
        const moved = change && change.before?.state !== change.run.head.state;
        this.#schedule(!change || moved ? 0 : Math.max(shortestPause, change.run.nodes.size * pausePerNode));
        if (!change || moved) {
          this.#updateContext();
          this.#keepTime();
        }
      }),
    );
    this.#updateContext();
  }

  get visible(): boolean {
    return this.#view.visible;
  }

  get onDidChangeVisibility(): vscode.Event<unknown> {
    return this.#view.onDidChangeVisibility;
  }

  /** The row that is selected, for commands that come from a key. */
  get selection(): RunsRow | undefined {
    return this.#view.selection[0];
  }

  /** Opens the view at the newest run. */
  async show(): Promise<void> {
    await vscode.commands.executeCommand("floeDbt.runs.focus");
    const newest = this.#runs.all[0];
    if (newest) await this.#bringIntoSight(newest.head.id);
  }

  /** Brings a run into sight, with its nodes, if the view is open. */
  async reveal(runId: string): Promise<void> {
    if (this.#view.visible && this.#runs.get(runId)) await this.#bringIntoSight(runId);
  }

  /** The focus stays where it is: whoever has moved on meanwhile, to the palette say, is not called back. */
  async #bringIntoSight(runId: string): Promise<void> {
    this.#flush();
    try {
      await this.#view.reveal(this.#row({ kind: "run", runId }), {
        select: true,
        focus: false,
        expand: true,
      });
    } catch {
      // The editor was just drawing the rows anew and does not find this one: the newest is on top, and so in sight anyway.
    }
  }

  getChildren(parent?: RunsRow): RunsRow[] {
    if (!parent) return this.#runs.all.map(({ head }) => this.#row({ kind: "run", runId: head.id }));
    const run = parent.kind === "run" ? this.#runs.get(parent.runId) : undefined;
    if (!run) return [];
    const { id: runId, notices, steps } = run.head;
    const message = toldMessage(run);
    return [
      ...(message === null ? [] : [this.#row({ kind: "note", runId, ...message })]),
      ...notices.map((text) => this.#row({ kind: "note", runId, text, tone: "info" })),
      ...steps.map((_, index) => this.#row({ kind: "step", runId, index })),
      ...nodesInOrder(run).map(({ uniqueId }) => this.#row({ kind: "node", runId, uniqueId })),
    ];
  }

  getParent(row: RunsRow): RunsRow | undefined {
    return row.kind === "run" ? undefined : this.#row({ kind: "run", runId: row.runId });
  }

  getTreeItem(row: RunsRow): vscode.TreeItem {
    const run = this.#runs.get(row.runId);
    if (!run) return new vscode.TreeItem("");
    const item = treeItem(this.#look(row, run));
    item.id = keyOf(row);
    if (row.kind === "run") {
      item.collapsibleState = this.#runs.all[0] === run ? expanded : collapsed;
    } else if (row.kind === "node" && run.nodes.get(row.uniqueId)?.filePath != null) {
      item.command = { title: "Open File", command: "floeDbt.openRunNode", arguments: [row] };
    }
    return item;
  }

  dispose(): void {
    clearTimeout(this.#timer);
    clearInterval(this.#clock);
    this.#disposable.dispose();
  }

  #look(row: RunsRow, run: KnownRun): RowLook {
    switch (row.kind) {
      case "run":
        return runLook(run, Date.now(), this.#projectName(run.head.request.projectDir));
      case "node": {
        const node = run.nodes.get(row.uniqueId);
        return node
          ? nodeLook(node, longestOf(run.nodes.values()), Date.now())
          : noteLook(row.uniqueId, "info");
      }
      case "step": {
        const step = run.head.steps[row.index];
        return step ? stepLook(step, longestOf(run.head.steps)) : noteLook("", "info");
      }
      case "note":
        return noteLook(row.text, row.tone);
    }
  }

  #row(row: RunsRow): RunsRow {
    const key = keyOf(row);
    const known = this.#rows.get(key);
    if (known) return known;
    this.#rows.set(key, row);
    return row;
  }

  #schedule(pause: number): void {
    if (pause === 0) {
      this.#flush();
      return;
    }
    this.#timer ??= setTimeout(() => this.#flush(), pause);
  }

  #flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const runs = [...this.#dirty];
    this.#dirty.clear();
    if (this.#allDirty) {
      this.#allDirty = false;
      this.#forgetRows();
      this.#changed.fire(undefined);
      return;
    }
    for (const runId of runs) this.#changed.fire(this.#row({ kind: "run", runId }));
  }

  /** While something runs and somebody sees it. */
  #keepTime(): void {
    clearInterval(this.#clock);
    if (this.#view.visible && this.#runs.active.length > 0) {
      this.#clock = setInterval(() => this.#tellTimes(), betweenTimes);
    }
  }

  #tellTimes(): void {
    for (const { head, nodes } of this.#runs.active) {
      for (const { uniqueId, status } of nodes.values()) {
        if (status === "running") this.#changed.fire(this.#row({ kind: "node", runId: head.id, uniqueId }));
      }
    }
  }

  #forgetRows(): void {
    for (const [key, { runId }] of this.#rows) if (!this.#runs.get(runId)) this.#rows.delete(key);
  }

  #updateContext(): void {
    const { active, all } = this.#runs;
    const [first] = active;
    this.#view.badge = first && {
      value: active.length,
      tooltip: `dbt: ${runTitle(first.head.request.verb, first.head.title)}`,
    };
    setContext("floeDbt.runActive", active.length > 0);
    setContext("floeDbt.hasRuns", all.length > 0);
    setContext("floeDbt.lastRunFailed", all.find(({ head }) => !isActive(head))?.head.state === "failed");
  }
}

const { Expanded: expanded, Collapsed: collapsed } = vscode.TreeItemCollapsibleState;

function keyOf(row: RunsRow): string {
  switch (row.kind) {
    case "run":
      return row.runId;
    case "node":
      return `${row.runId}/node/${row.uniqueId}`;
    case "step":
      return `${row.runId}/step/${row.index}`;
    case "note":
      return `${row.runId}/note/${row.tone}/${row.text}`;
  }
}

function treeItem(look: RowLook): vscode.TreeItem {
  const item = new vscode.TreeItem(look.label);
  item.description = look.description;
  // A string is shown as it is; a MarkdownString would not be.
  item.tooltip = look.tooltip;
  item.iconPath = new vscode.ThemeIcon(
    look.icon.id,
    look.icon.color === undefined ? undefined : new vscode.ThemeColor(look.icon.color),
  );
  item.contextValue = look.context;
  item.accessibilityInformation = { label: look.spoken, role: "treeitem" };
  return item;
}
