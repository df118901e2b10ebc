import type { RunChange } from "../../protocol/requests.ts";
import type { Run, RunHead, RunNode } from "../../protocol/run.ts";

/** A run with its nodes by unique id, in the order in which they were first heard of. */
export interface KnownRun {
  head: RunHead;
  nodes: ReadonlyMap<string, RunNode>;
}
interface MutableRun extends KnownRun {
  nodes: Map<string, RunNode>;
}

/** What one change came to. */
export interface RunListChange {
  /** Runs came or went: not only their content is another. */
  listed: boolean;
  /** How the run was before it; undefined where it was not known. */
  before: RunHead | undefined;
  run: KnownRun;
  nodes: readonly RunNode[];
}

/** The runs this window knows: what the server told at start, and every change since. */
export class RunList {
  readonly #runs = new Map<string, MutableRun>();

  /** Takes the server's whole list: it is the truth, also after a restart. */
  replace(runs: readonly Run[]): void {
    this.#runs.clear();
    for (const { nodes, ...head } of runs) {
      this.#runs.set(head.id, { head, nodes: new Map(nodes.map((node) => [node.uniqueId, node])) });
    }
  }

  apply({ run: head, nodes, removed = [] }: RunChange): RunListChange {
    const known = this.#runs.get(head.id);
    const run = known ?? { head, nodes: new Map() };
    const before = known?.head;
    run.head = head;
    for (const node of nodes) run.nodes.set(node.uniqueId, node);
    this.#runs.set(head.id, run);
    const gone = removed.filter((id) => this.#runs.delete(id));
    return { listed: !known || gone.length > 0, before, run, nodes };
  }

  /** Forgets those that have ended. */
  clear(): void {
    for (const [id, { head }] of this.#runs) if (!isActive(head)) this.#runs.delete(id);
  }

  get(id: string): KnownRun | undefined {
    return this.#runs.get(id);
  }

  /** The newest first. */
  get all(): readonly KnownRun[] {
    return [...this.#runs.values()].toSorted((a, b) => b.head.queuedAt - a.head.queuedAt);
  }

  /** Those that wait or go on: the one that goes on first, then in the order they will. */
  get active(): readonly KnownRun[] {
    return [...this.#runs.values()]
      .filter(({ head }) => isActive(head))
      .toSorted(
        (a, b) =>
          Number(b.head.state === "running") - Number(a.head.state === "running") ||
          a.head.queuedAt - b.head.queuedAt,
      );
  }
}

export const isActive = ({ state }: RunHead): boolean => state === "queued" || state === "running";

/** Whether a run ended, and not well: something to tell of. */
export const isFailure = ({ state }: RunHead): boolean => state === "failed" || state === "error";

export const isTest = ({ resourceType }: RunNode): boolean =>
  resourceType === "test" || resourceType === "unit_test";

/** How many of a run's nodes are through, and how many failed. */
export function tally(run: KnownRun): { done: number; failed: number; warned: number; total: number | null } {
  let [done, failed, warned] = [0, 0, 0];
  for (const { status } of run.nodes.values()) {
    if (status !== "queued" && status !== "running") done++;
    if (status === "fail" || status === "error") failed++;
    if (status === "warn") warned++;
  }
  const { total } = run.head;
  return { done, failed, warned, total: total === null ? null : Math.max(total, run.nodes.size) };
}
