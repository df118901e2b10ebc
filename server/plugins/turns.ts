import PQueue from "p-queue";
import type { Call, ProjectRef } from "./dbtPlugin.ts";
import { DbtCancelledError, DbtError } from "./errors.ts";

export interface Turns {
  inTurn: <T>(project: ProjectRef, call: Call, work: () => Promise<T>) => Promise<T>;
  /** Resolves when nothing of a project, or of any, waits or runs. */
  idle: (projectDir?: string) => Promise<void>;
}

/**
 * Work of one project, one after another. A call that is cancelled while it waits is let go at once. One that runs ends
 * first, which may take dbt a few seconds: the queue would otherwise start the next on a warehouse that is still in use.
 */
export function createTurns(): Turns {
  const queues = new Map<string, PQueue>();
  async function inTurn<T>(project: ProjectRef, { signal }: Call, work: () => Promise<T>): Promise<T> {
    const queue = queues.get(project.projectDir) ?? new PQueue({ concurrency: 1 });
    queues.set(project.projectDir, queue);
    const waiting = new AbortController();
    const letGo = (): void => waiting.abort();
    if (signal?.aborted) letGo();
    signal?.addEventListener("abort", letGo, { once: true });
    try {
      return await queue.add(
        () => {
          signal?.removeEventListener("abort", letGo);
          return work();
        },
        { signal: waiting.signal },
      );
    } catch (error) {
      if (signal?.aborted && !(error instanceof DbtError)) throw new DbtCancelledError("Cancelled.");
      throw error;
    } finally {
      signal?.removeEventListener("abort", letGo);
    }
  }

  return {
    inTurn,
    async idle(projectDir) {
      if (projectDir !== undefined) await queues.get(projectDir)?.onIdle();
      else await Promise.all([...queues.values()].map((queue) => queue.onIdle()));
    },
  };
}
