/** The known name somebody most likely meant: equal but for case and `-`/`_`, or at most two letters away. */
export function closestName(name: string, known: readonly string[]): string | undefined {
  const plain = (text: string) => text.toLowerCase().replace(/[-_]/g, "");
  const nearest = known
    .map((candidate) => ({ candidate, letters: distance(plain(name), plain(candidate)) }))
    .sort((a, b) => a.letters - b.letters)[0];
  const allowed = name.length < 5 ? 1 : 2;
  return nearest && nearest.letters <= allowed ? nearest.candidate : undefined;
}

/** Levenshtein's distance; names longer than 64 letters are nobody's typo. */
function distance(a: string, b: string): number {
  if (a.length > 64 || b.length > 64) return Number.POSITIVE_INFINITY;
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (const [i, letter] of Array.from(a).entries()) {
    const next = [i + 1];
    for (let j = 0; j < b.length; j += 1) {
      const replaced = (row[j] ?? 0) + (b[j] === letter ? 0 : 1);
      next.push(Math.min(replaced, (row[j + 1] ?? 0) + 1, (next[j] ?? 0) + 1));
    }
    row = next;
  }
  return row.at(-1) ?? Number.POSITIVE_INFINITY;
}
