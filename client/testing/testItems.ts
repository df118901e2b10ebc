import * as vscode from "vscode";
import type { TestFacts } from "../../protocol/manifest.ts";
import { shortLine } from "../explorer/plainText.ts";
import { testGroups, type TestGroup } from "./testGroups.ts";

/** A test as the editor has it, and what dbt says of it. */
export interface KnownTest {
  projectDir: string;
  facts: TestFacts;
  item: vscode.TestItem;
}

/**
 * The tests of all projects as items of the Test Explorer. An item stays the same object as long as its test is: what is
 * expanded, selected or marked in it is kept.
 */
export class TestItems {
  readonly #controller: vscode.TestController;
  readonly #projects = new Map<string, { name: string; tests: readonly TestFacts[] }>();
  readonly #byId = new Map<string, KnownTest>();

  constructor(controller: vscode.TestController) {
    this.#controller = controller;
  }

  get all(): readonly KnownTest[] {
    return [...this.#byId.values()];
  }

  of(projectDir: string, uniqueId: string): KnownTest | undefined {
    return this.#byId.get(idOf(projectDir, uniqueId));
  }

  set(projectDir: string, name: string, tests: readonly TestFacts[]): void {
    this.#projects.set(projectDir, { name, tests });
    this.#show();
  }

  /** Drops the projects that are no longer there. */
  keepOnly(projectDirs: readonly string[]): void {
    for (const dir of this.#projects.keys()) if (!projectDirs.includes(dir)) this.#projects.delete(dir);
    this.#show();
  }

  /** The tests that items stand for, each once: an item of a model stands for all that is below it. */
  testsOf(items: Iterable<vscode.TestItem>, excluded: readonly vscode.TestItem[]): KnownTest[] {
    const found = new Set<KnownTest>();
    const visit = (item: vscode.TestItem): void => {
      if (excluded.includes(item)) return;
      const test = this.#byId.get(item.id);
      if (test) found.add(test);
      for (const [, child] of item.children) visit(child);
    };
    for (const item of items) visit(item);
    return [...found];
  }

  #show(): void {
    this.#byId.clear();
    const { items } = this.#controller;
    const several = this.#projects.size > 1;
    const top: vscode.TestItem[] = [];
    for (const [projectDir, { name, tests }] of this.#projects) {
      const groupsOf = (collection: vscode.TestItemCollection): vscode.TestItem[] =>
        testGroups(tests).map((group, index) => this.#group(collection, projectDir, group, index));
      if (!several) {
        top.push(...groupsOf(items));
        continue;
      }
      const project = this.#item(items, idOf(projectDir, ""), name, null, null);
      fill(project.children, groupsOf(project.children));
      top.push(project);
    }
    fill(items, top);
  }

  #group(
    collection: vscode.TestItemCollection,
    projectDir: string,
    group: TestGroup,
    index: number,
  ): vscode.TestItem {
    const item = this.#item(collection, idOf(projectDir, `of ${group.id}`), group.label, null, null);
    item.sortText = String(index).padStart(6, "0");
    fill(
      item.children,
      group.tests.map((facts) => {
        const { uniqueId, name, filePath, line } = facts;
        const test = this.#item(item.children, idOf(projectDir, uniqueId), name, filePath, line);
        this.#byId.set(test.id, { projectDir, facts, item: test });
        return test;
      }),
    );
    return item;
  }

  /**
   * The one that is there, brought up to date; a file cannot be changed in it. It has no description: the editor would have a
   * screen reader say that in place of the name.
   */
  #item(
    collection: vscode.TestItemCollection,
    id: string,
    label: string,
    filePath: string | null,
    line: number | null,
  ): vscode.TestItem {
    const text = withoutIcons(shortLine(label, 200));
    const uri = filePath === null ? undefined : vscode.Uri.file(filePath);
    const known = collection.get(id);
    const item =
      known && known.uri?.toString() === uri?.toString()
        ? known
        : this.#controller.createTestItem(id, text, uri);
    if (item.label !== text) item.label = text;
    const at = Math.max(0, (line ?? 1) - 1);
    if (uri && item.range?.start.line !== at) item.range = new vscode.Range(at, 0, at, lineEnd);
    return item;
  }
}

/** A whole line, however long it is: the cursor may be anywhere in it. */
const lineEnd = 1_000;

const idOf = (projectDir: string, uniqueId: string): string => `${projectDir}\n${uniqueId}`;

/** Makes a collection hold these items and no other, touching only what differs. */
function fill(collection: vscode.TestItemCollection, wanted: readonly vscode.TestItem[]): void {
  const ids = new Set(wanted.map(({ id }) => id));
  for (const [id] of [...collection]) if (!ids.has(id)) collection.delete(id);
  for (const item of wanted) if (collection.get(item.id) !== item) collection.add(item);
}

/** `$(name)` in a label would become an icon. */
const withoutIcons = (text: string): string => text.replaceAll("$(", "$\u200b(");
