/**
 * Makes a function that runs `work` one at a time: while it runs, any number of further calls queue exactly one more run,
 * and all of them wait for it. A call made while work runs is therefore always followed by a run that began after it.
 */
export function coalesced(work: () => Promise<void>): () => Promise<void> {
  let running: Promise<void> | undefined;
  let queued: Promise<void> | undefined;
  const run = async (): Promise<void> => {
    try {
      await work();
    } finally {
      running = undefined;
    }
  };
  return () => {
    if (!running) {
      running = run();
      return running;
    }
    queued ??= running
      .catch(() => undefined)
      .then(() => {
        queued = undefined;
        running = run();
        return running;
      });
    return queued;
  };
}
