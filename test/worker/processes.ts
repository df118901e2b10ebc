import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { vi } from "vitest";

interface Process {
  pid: number;
  parent: number;
  command: string;
}

/** Every process that runs; those that have ended and wait for their parent's notice are not among them. */
async function running(): Promise<Process[]> {
  const { stdout } = await promisify(execFile)("ps", ["-axo", "pid=,ppid=,stat=,args="]);
  return stdout
    .trim()
    .split("\n")
    .map((line) => line.trim().split(/\s+/))
    .filter(([, , state]) => !state?.startsWith("Z"))
    .map(([pid, parent, , ...command]) => ({
      pid: Number(pid),
      parent: Number(parent),
      command: command.join(" "),
    }));
}

/** Waits until a worker lints in children; the helper Python starts for dbt's locks is none. @returns their ids */
export const lintingChildren = (worker: number): Promise<number[]> =>
  vi.waitFor(
    async () => {
      const children = (await running()).filter(
        (one) => one.parent === worker && one.command.includes("floe_dbt_worker"),
      );
      if (children.length === 0) throw new Error(`Process ${worker} has no children that lint.`);
      return children.map((one) => one.pid);
    },
    { timeout: 30_000, interval: 20 },
  );

/** Waits until none of them runs any more. */
export const ended = (pids: readonly number[]): Promise<void> =>
  vi.waitFor(
    async () => {
      const left = (await running()).filter((one) => pids.includes(one.pid));
      if (left.length > 0) throw new Error(`Still running: ${left.map((one) => one.pid).join(", ")}`);
    },
    { timeout: 10_000, interval: 50 },
  );
