/** One thing that is timed. `run` does it once and @returns milliseconds. */
export interface Subject {
  name: string;
  run(repetition: number): Promise<number>;
}

/** Milliseconds of every repetition, in the order they were made. */
export interface Samples {
  name: string;
  milliseconds: number[];
}

/**
 * Times the subjects in turns, so that whatever else the machine does hits all of them; the order is turned round each time.
 * The warm-up rounds are not counted.
 */
export async function inTurns<Name extends string>(
  subjects: Record<Name, Subject>,
  rounds: { warmUp: number; repetitions: number },
): Promise<Record<Name, Samples>> {
  const entries = Object.entries<Subject>(subjects);
  const samples = Object.fromEntries(
    entries.map(([key, { name }]): [string, Samples] => [key, { name, milliseconds: [] }]),
  );
  for (let round = -rounds.warmUp; round < rounds.repetitions; round++) {
    for (const [key, subject] of round % 2 === 0 ? entries : [...entries].reverse()) {
      const milliseconds = await subject.run(round + rounds.warmUp);
      if (round >= 0) samples[key]?.milliseconds.push(milliseconds);
    }
  }
  return samples as Record<Name, Samples>;
}

export async function timed(action: () => Promise<unknown>): Promise<number> {
  const started = performance.now();
  await action();
  return performance.now() - started;
}

/** The middle value; of an even number, the mean of the middle two. @throws Error where nothing was measured */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length / 2;
  const low = sorted[Math.ceil(middle) - 1];
  const high = sorted[Math.floor(middle)];
  if (low === undefined || high === undefined) throw new Error("Nothing was measured.");
  return (low + high) / 2;
}
