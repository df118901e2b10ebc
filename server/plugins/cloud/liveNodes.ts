import type { DbtEvent } from "../dbtPlugin.ts";
import { readLogLine, type NodeLine } from "./nodeLines.ts";
import type { NodeNames } from "./nodeNames.ts";

/**
 * Tells of nodes while a run goes on: dbt Cloud has no events, but the log of a step grows while it runs. What the log does not
 * say for certain is left to the run's own results, which have the last word anyway.
 */
export class LiveNodes {
  readonly #names: NodeNames | null;
  readonly #tell: (event: DbtEvent) => void;
  /** By "3 of 11". */
  readonly #running = new Map<string, string>();
  readonly #started = new Set<string>();
  readonly #finished = new Set<string>();
  /** What runs that no manifest at hand knows, by "3 of 11". */
  readonly #unknown = new Map<string, string>();
  #total = 0;

  /** @param names of a manifest of the environment; null where none is at hand */
  constructor(names: NodeNames | null, tell: (event: DbtEvent) => void) {
    this.#names = names;
    this.#tell = tell;
  }

  /** @returns the line as a person reads it, and which node it is about */
  read(line: string): { text: string; uniqueId: string | null } {
    const { text, node } = readLogLine(line);
    return { text, uniqueId: node && this.#heard(node) };
  }

  /** What runs of which no node is told, as its log counts and names it; null where there is nothing of that kind. */
  get doing(): string | null {
    const counts = [...this.#unknown.keys()];
    return counts.length === 0 ? null : `${counts.at(-1)} · ${[...this.#unknown.values()].join(", ")}`;
  }

  /** What is still to be told of what a run's results say. */
  untold(events: readonly DbtEvent[]): DbtEvent[] {
    return events.filter(
      (event) =>
        !(event.type === "nodeStarted" && this.#started.has(event.uniqueId)) &&
        !(event.type === "nodeFinished" && this.#finished.has(event.uniqueId)),
    );
  }

  /** Nobody here watches the run any more: what runs has not failed for that. */
  letGo(): void {
    for (const uniqueId of this.#started) {
      if (this.#finished.has(uniqueId)) continue;
      this.#finished.add(uniqueId);
      const message = "It may go on in dbt Cloud, but is not watched any more.";
      this.#tell({ type: "nodeFinished", uniqueId, status: "cancelled", seconds: 0, message });
    }
  }

  #heard(line: NodeLine): string | null {
    const count = line.count && `${line.count.at} of ${line.count.of}`;
    const known = count === null ? undefined : this.#running.get(count);
    const isStart = line.status === "started";
    const named = line.uniqueId ?? (line.kind === null ? null : this.#names?.find(line.kind, line.name));
    const uniqueId = isStart ? named : (known ?? named);
    if (isStart && count !== null) this.#running.delete(count);
    if (count !== null) {
      this.#unknown.delete(count);
      if (isStart && uniqueId == null) this.#unknown.set(count, line.name);
    }
    if (uniqueId == null) return null;
    if (line.count && line.count.of > this.#total) {
      this.#total = line.count.of;
      this.#tell({ type: "nodesTotal", total: this.#total });
    }
    if (isStart && count !== null) this.#running.set(count, uniqueId);
    const facts = this.#names?.facts.get(uniqueId);
    const node = facts && { node: facts };
    if (!this.#started.has(uniqueId)) {
      this.#started.add(uniqueId);
      this.#tell({ type: "nodeStarted", uniqueId, ...node });
    }
    if (isStart || this.#finished.has(uniqueId)) return uniqueId;
    this.#finished.add(uniqueId);
    const { status, seconds, failures } = line;
    this.#tell({
      type: "nodeFinished",
      uniqueId,
      status,
      seconds: seconds ?? 0,
      ...(failures !== null && { failures }),
      ...node,
    });
    return uniqueId;
  }
}
