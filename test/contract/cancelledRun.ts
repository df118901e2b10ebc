import { expect } from "vitest";
import type { DbtPlugin, ProjectRef, RunSelection } from "../../server/plugins/dbtPlugin.ts";
import { DbtCancelledError } from "../../server/plugins/errors.ts";

/** A model that never ends. */
export const endlessModel =
  "{{ config(materialized='table') }}\nselect count(*) as amount, 1 as id from range(100000000) as x, range(100000000) as y\n";

/** Cancels a run as soon as a node of it has begun, and expects that it ends with that, in time. */
export async function expectCancelled(
  plugin: DbtPlugin,
  project: ProjectRef,
  { node, withinMs = 2000, ...selection }: RunSelection & { node: string; withinMs?: number },
): Promise<void> {
  const abort = new AbortController();
  let firedAt = 0;
  const running = plugin.runModels(project, selection, {
    signal: abort.signal,
    onEvent: (event) => {
      if (event.type !== "nodeStarted" || event.uniqueId !== node) return;
      firedAt = performance.now();
      abort.abort();
    },
  });
  await expect(running).rejects.toThrow(DbtCancelledError);
  expect(firedAt).toBeGreaterThan(0);
  expect(performance.now() - firedAt).toBeLessThan(withinMs);
}
