/** Which line of one text is which of the other: of a model's source and its compiled SQL. Lines are 0-based. */
export interface LineMap {
  toSource: (compiledLine: number) => number;
  toCompiled: (sourceLine: number) => number;
}

/**
 * @param sourceLines for each compiled line the source line it comes from, -1 where there is none. A line that has no
 *   partner takes the nearest one above that has.
 */
export function lineMap(sourceLines: readonly number[]): LineMap {
  const nearest: number[] = [];
  let above = 0;
  const firstOf = new Map<number, number>();
  for (const [compiled, source] of sourceLines.entries()) {
    if (source >= 0) {
      above = source;
      if (!firstOf.has(source)) firstOf.set(source, compiled);
    }
    nearest.push(above);
  }
  const known = [...firstOf.keys()].toSorted((a, b) => a - b);
  return {
    toSource: (line) => nearest[Math.min(line, nearest.length - 1)] ?? 0,
    toCompiled: (line) => {
      const exact = firstOf.get(line);
      if (exact !== undefined) return exact;
      const before = known.findLast((each) => each < line);
      return firstOf.get(before ?? known[0] ?? 0) ?? 0;
    },
  };
}
