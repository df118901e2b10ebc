import { expect, test } from "vitest";
import type { CloudRun } from "../../../server/plugins/cloud/runs.ts";
import { LogReader, usageError } from "../../../server/plugins/cloud/stepLog.ts";

const run = (logs: string): CloudRun => ({ id: 1, status: 3, run_steps: [{ index: 4, logs }] });

test("a log is told once, line by line, and of megabytes no more than anybody reads", () => {
  const reader = new LogReader();
  expect(reader.next(run("12:00:00  one\n\u001b[32mtwo"), false)).toEqual(["one"]);
  expect(reader.next(run("12:00:00  one\n\u001b[32mtwo\u001b[0m\n"), false)).toEqual(["two"]);
  const long = `${"y".repeat(1_000_000)}\n${`${"x".repeat(90)}\n`.repeat(20_000)}`;
  const lines = reader.next(run(`12:00:00  one\n\u001b[32mtwo\u001b[0m\n${long}`), true);
  expect(lines).toHaveLength(20_001);
  const told = lines.flatMap((line) => reader.told(line));
  expect(Math.max(...told.map(({ length }) => length))).toBeLessThan(30_000);
  expect(told.join("").length).toBeLessThan(1_100_000);
  expect(reader.isCut).toBe(true);
});

test("what dbt does not take is told from other errors", () => {
  const usage = "Usage: dbt build [OPTIONS]\nTry 'dbt build -h' for help.\n\nError: No such option: --zork\n";
  expect(usageError(usage)).toBe("No such option: --zork");
  expect(usageError("12:00:00  Error: something of a macro's\n")).toBeNull();
});
