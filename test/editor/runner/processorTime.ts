import { readdirSync, readFileSync } from "node:fs";

/** Ticks of a second in /proc/<pid>/stat: the same on every Linux there is. */
const ticksPerSecond = 100;

/** Seconds of processor time that this process and all below it have used, those that have ended included (Linux). */
export function processorSeconds(): number {
  const all = new Map(
    readdirSync("/proc")
      .filter((name) => /^\d+$/.test(name))
      .flatMap((name) => timesOf(Number(name))),
  );
  const isBelow = (pid: number): boolean => {
    if (pid === process.pid) return true;
    const parent = all.get(pid)?.parent;
    return parent !== undefined && parent > 1 && isBelow(parent);
  };
  const below = [...all].filter(([pid]) => isBelow(pid));
  return below.reduce((sum, [, { ticks }]) => sum + ticks, 0) / ticksPerSecond;
}

function timesOf(pid: number): [number, { parent: number; ticks: number }][] {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    // The name in brackets may hold spaces. After it: state, parent, ... and from the 12th on the times: user, system, and
    // both of children that have ended.
    const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
    const ticks = fields.slice(11, 15).reduce((sum, field) => sum + Number(field), 0);
    return [[pid, { parent: Number(fields[1]), ticks }]];
  } catch {
    return []; // it has ended meanwhile
  }
}

export interface Spent {
  seconds: number;
  processor: number;
}

/** Gives what was spent since the last call. */
export function stopwatch(): () => Spent {
  let before = { seconds: performance.now() / 1000, processor: processorSeconds() };
  return () => {
    const now = { seconds: performance.now() / 1000, processor: processorSeconds() };
    const spent = { seconds: now.seconds - before.seconds, processor: now.processor - before.processor };
    before = now;
    return spent;
  };
}

export const told = ({ seconds, processor }: Spent): string =>
  `${seconds.toFixed(1)} s, processor ${processor.toFixed(1)} s`;
