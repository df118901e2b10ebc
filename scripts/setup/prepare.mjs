// Installs parts side by side. A part is { title, isReady(), install(), after? }.

/**
 * Installs what is missing, all at once but for a part that goes `after` another (its title), which stands before it. A part
 * that is named twice is installed once.
 * @throws Error with the words of every part that could not be installed
 */
export async function prepareParts(parts) {
  const begun = new Map();
  for (const part of parts) {
    if (begun.has(part.title)) continue;
    const before = begun.get(part.after) ?? Promise.resolve();
    begun.set(
      part.title,
      before.then(() => prepare(part)),
    );
  }
  const outcomes = await Promise.allSettled(begun.values());
  const failed = outcomes.flatMap(({ reason }) => (reason ? [reason.message] : []));
  if (failed.length > 0) throw new Error([...new Set(failed)].join("\n\n"));
}

/** Installs one part, if it is missing, and says so. */
export async function prepare(part) {
  if (await part.isReady()) {
    console.log(`✓ ${part.title}: already there`);
    return;
  }
  console.log(`· ${part.title} ...`);
  const started = performance.now();
  await part.install();
  console.log(`✓ ${part.title}: ${((performance.now() - started) / 1000).toFixed(0)} s`);
}
