import type { NodeStatus } from "../../protocol/run.ts";

/** How long after a test was seen to end what the artifacts say may still be of the run before, in milliseconds. */
const settleMs = 15_000;

/** The states of tests that are shown: what the artifacts say of a run is news only where it differs. */
export class ShownStates {
  readonly #states = new Map<string, { status: NodeStatus; endedAt: number | null }>();

  /** A test ended in a run that is followed. */
  live(projectDir: string, uniqueId: string, status: NodeStatus, now: number): void {
    this.#states.set(idOf(projectDir, uniqueId), { status, endedAt: now });
  }

  /**
   * Takes in what the artifacts say of a test.
   * @returns whether it is another state than the one shown; false while it may only be an old one
   */
  isNews(projectDir: string, uniqueId: string, status: NodeStatus, now: number): boolean {
    const id = idOf(projectDir, uniqueId);
    const shown = this.#states.get(id);
    const isOld = shown?.endedAt != null && now - shown.endedAt < settleMs && shown.status !== status;
    if (isOld) return false;
    this.#states.set(id, { status, endedAt: null });
    return shown?.status !== status;
  }
}

const idOf = (projectDir: string, uniqueId: string): string => `${projectDir}\n${uniqueId}`;
