import type * as vscode from "vscode";
import type { RunHead, RunNode } from "../../protocol/run.ts";
import type { KnownTest, TestItems } from "./testItems.ts";
import { messageAt, say, tell } from "./testOutcome.ts";

/** One run of dbt, told to the Test Explorer as it goes on. */
export class FollowedRun {
  readonly projectDir: string;
  readonly testRun: vscode.TestRun;
  readonly failed: KnownTest[] = [];
  readonly #items: TestItems;
  /** Those that were asked for and of which nothing final is known. */
  readonly #open: Map<string, KnownTest>;
  readonly #told = new Set<string>();

  constructor(items: TestItems, testRun: vscode.TestRun, projectDir: string, asked: readonly KnownTest[]) {
    this.#items = items;
    this.testRun = testRun;
    this.projectDir = projectDir;
    this.#open = new Map(asked.map((test) => [test.facts.uniqueId, test]));
  }

  /** Unique ids of the tests that have ended in it. */
  get told(): ReadonlySet<string> {
    return this.#told;
  }

  take(nodes: readonly RunNode[]): void {
    for (const node of nodes) {
      const test = this.#items.of(this.projectDir, node.uniqueId);
      if (!test) {
        if (node.status === "error") say(this.testRun, `error: ${node.name}: ${node.message ?? ""}`);
        continue;
      }
      if (this.#told.has(node.uniqueId)) continue;
      tell(this.testRun, test, node);
      if (node.status === "queued" || node.status === "running") continue;
      this.#told.add(node.uniqueId);
      this.#open.delete(node.uniqueId);
      say(
        this.testRun,
        `${node.status}: ${node.name}${node.seconds === null ? "" : `, ${node.seconds.toFixed(2)} s`}`,
        test.item,
      );
      if (node.status === "fail") this.failed.push(test);
    }
  }

  /** What was asked for and never ran has a reason, too. */
  close(head: Pick<RunHead, "state" | "message">): void {
    if (head.message !== null) say(this.testRun, head.message);
    for (const test of this.#open.values()) {
      const failed = head.state === "error" || head.state === "interrupted";
      if (failed) this.testRun.errored(test.item, messageAt(test, head.message ?? "dbt did not run."));
      else this.testRun.skipped(test.item);
    }
    this.#open.clear();
  }
}
