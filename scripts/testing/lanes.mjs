// Two stages at a time: nearly every test waits for one process that keeps one core busy.

/**
 * Runs stages in lanes, one for each chain: a lane runs its own chain in order, then takes of what is left.
 * @param chains stages that may not run beside one another, or are so long that they have to begin first
 * @param others stages that any lane takes, in this order
 */
export async function runInLanes(chains, others, runStage) {
  const left = [...others];
  await Promise.all(
    chains.map(async (chain) => {
      const own = [...chain];
      for (let next; (next = own.shift() ?? left.shift());) await runStage(next);
    }),
  );
}
