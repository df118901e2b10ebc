import { readdirSync, readFileSync } from "node:fs";
import { setTimeout as pause } from "node:timers/promises";
import type { TestResult } from "../bridge.ts";

const limitSeconds = 15;

/**
 * One more test for each suite: once the editor has ended, nothing that it started still runs. A process is known by the
 * suite's folder in its command line or environment (Linux: read from /proc). What is left is ended.
 */
export async function nothingLeft(dir: string): Promise<TestResult> {
  const name = "nothing is left running when the editor has ended";
  const began = performance.now();
  const seconds = (): number => (performance.now() - began) / 1000;
  let left = processesOf(dir);
  // A process tells nobody but its parent when it ends, and the parent is gone.
  while (left.length > 0 && seconds() < limitSeconds) {
    await pause(100);
    left = processesOf(dir);
  }
  if (left.length === 0) return { name, status: "passed", seconds: seconds() };
  for (const { pid } of left) process.kill(pid, "SIGKILL");
  const message = `after ${limitSeconds} s: ${left.map(({ pid, command }) => `${pid} ${command}`).join("; ")}`;
  return { name, status: "failed", message, seconds: seconds() };
}

function processesOf(dir: string): { pid: number; command: string }[] {
  return readdirSync("/proc")
    .map(Number)
    .filter((pid) => pid > 0 && pid !== process.pid)
    .flatMap((pid) => {
      try {
        const command = readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " ");
        const belongs = command.includes(dir) || readFileSync(`/proc/${pid}/environ`, "utf8").includes(dir);
        return belongs ? [{ pid, command }] : [];
      } catch {
        return []; // it has ended, or is not ours to read
      }
    });
}
