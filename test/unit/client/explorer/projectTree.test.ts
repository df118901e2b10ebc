import { EventEmitter as NodeEmitter } from "node:events";
import { expect, test, vi } from "vitest";
import { ProjectTree } from "../../../../client/explorer/projectTree.ts";
import type { TreeEntry } from "../../../../client/explorer/treeEntry.ts";
import type { LanguageServer } from "../../../../client/languageServer.ts";
import type { LiveStatuses } from "../../../../client/explorer/liveStatuses.ts";
import type { Manifests } from "../../../../client/manifests.ts";

vi.mock("../../../../client/log.ts", () => ({ log: { warn: () => undefined } }));
vi.mock("vscode", () => {
  class EventEmitter {
    readonly #inner = new NodeEmitter();
    event = (listener: () => void): void => void this.#inner.on("event", listener);
    fire = (value: unknown): unknown => this.#inner.emit("event", value);
    dispose = (): unknown => this.#inner.removeAllListeners();
  }
  class CancellationTokenSource {
    token = { isCancellationRequested: false };
    cancel = (): void => void (this.token.isCancellationRequested = true);
    dispose = (): void => undefined;
  }
  class TreeItem {
    readonly label: string;
    readonly collapsibleState: number;
    constructor(label: string, collapsibleState: number) {
      this.label = label;
      this.collapsibleState = collapsibleState;
    }
  }
  return {
    EventEmitter,
    CancellationTokenSource,
    TreeItem,
    TreeItemCollapsibleState: { None: 0, Collapsed: 1, Expanded: 2 },
    ThemeIcon: vi.fn(),
    ThemeColor: vi.fn(),
    workspace: { isTrusted: true },
    Disposable: { from: () => ({ dispose: () => undefined }) },
  };
});

/** A tree over one project whose server answers with one row, named after the filter, once it is told to. */
function treeOverOne(): { tree: ProjectTree; answer: () => void; asked: () => number } {
  const waiting: (() => void)[] = [];
  const silent = () => ({ dispose: () => undefined });
  const server = {
    projects: [],
    onDidChange: silent,
    request: async (_type: unknown, { filter = "all" }: { filter?: string }) => {
      await new Promise<void>((resolve) => waiting.push(resolve));
      const row = {
        kind: "folder",
        description: "",
        can: "",
        filePath: null,
        status: null,
        expandable: true,
      };
      return { rows: [{ ...row, key: filter, label: filter, selector: null, uniqueId: null }] };
    },
  };
  const manifests = { all: [{ projectDir: "/huts", state: "fresh" }], onDidChange: silent };
  const statuses = { onDidChange: silent };
  return {
    tree: new ProjectTree(
      server as unknown as LanguageServer,
      manifests as unknown as Manifests,
      statuses as unknown as LiveStatuses,
      "folder",
    ),
    answer: () => waiting.splice(0).forEach((resolve) => resolve()),
    asked: () => waiting.length,
  };
}

const rootOf = async (tree: ProjectTree) => {
  const [root] = await tree.getChildren();
  if (!root) throw new Error("There is no project.");
  return root;
};

test("rows asked for under one filter are those of the next, which takes the same answer", async () => {
  const { tree, answer, asked } = treeOverOne();
  tree.show({ filter: "lakes" });
  const rows = tree.getChildren(await rootOf(tree));
  await expect.poll(asked).toBe(1);
  tree.show({ filter: "lakes open" });
  answer();
  await expect.poll(asked).toBe(1);
  answer();
  expect((await rows).map(({ row }) => row?.key)).toEqual(["lakes open"]);
});

test("below what goes away with the filter are none of the rows that stay: they would be closed with it", async () => {
  const { tree, answer, asked } = treeOverOne();
  tree.show({ filter: "lakes" });
  const filtered = await rootOf(tree);
  const rows = tree.getChildren(filtered);
  await expect.poll(asked).toBe(1);
  tree.show({ filter: "" });
  answer();
  expect(await rows).toEqual([]);
  expect(await tree.getChildren(filtered)).toEqual([]);
  const all = tree.getChildren(await rootOf(tree));
  await expect.poll(asked).toBe(1);
  answer();
  expect((await all).map(({ row }) => row?.key)).toEqual(["all"]);
});

test("a row opened while the view was refreshed, of which the editor tells nobody, is open after a filter", async () => {
  const { tree, answer, asked } = treeOverOne();
  const readBelow = async (entry: TreeEntry) => {
    const rows = tree.getChildren(entry);
    await expect.poll(asked).toBe(1);
    answer();
    return rows;
  };
  const folderNow = async () => {
    const [folder] = await readBelow(await rootOf(tree));
    if (!folder) throw new Error("There is no folder.");
    return { folder, state: tree.getTreeItem(folder).collapsibleState };
  };
  const { folder, state } = await folderNow();
  expect(state).toBe(1);
  await readBelow(folder);
  tree.show({ filter: "lakes" });
  tree.show({ filter: "" });
  expect((await folderNow()).state).toBe(2);
});

test("a row is revealed once what has changed is drawn; where that never stops, after two seconds", async () => {
  vi.useFakeTimers();
  try {
    const { tree } = treeOverOne();
    const drawnAfter = async (changes: number) => {
      for (let change = 0; change < changes; change += 1) {
        setTimeout(() => tree.refresh(), change * 250);
      }
      await vi.advanceTimersByTimeAsync(0);
      const start = Date.now();
      const drawn = tree.drawn().then(() => Date.now() - start);
      await vi.runAllTimersAsync();
      return drawn;
    };
    expect(await drawnAfter(0)).toBe(0);
    expect(await drawnAfter(1)).toBe(300);
    expect(await drawnAfter(3)).toBe(800);
    expect(await drawnAfter(20)).toBe(2000);
  } finally {
    vi.useRealTimers();
  }
});
