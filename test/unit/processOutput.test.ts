import { expect, test } from "vitest";
import { RedactingLog } from "../../server/platform/log.ts";
import { runToEnd } from "../../server/platform/process.ts";

test("every line of a command comes, in order, however small the pieces and whatever follows them", async () => {
  const script = `
    const { writeSync } = require("node:fs");
    for (let line = 0; line < 3000; line++) writeSync(1, "line " + line + "\\n");
    writeSync(1, "x".repeat(100000) + "\\n");
    writeSync(1, "the last");
    process.exitCode = 3;
  `;
  const lines: string[] = [];
  const ended = await runToEnd(
    { file: process.execPath, args: ["-e", script], env: process.env },
    { log: new RedactingLog(() => undefined), onLine: (line) => lines.push(line) },
  );
  expect(ended).toMatchObject({ exitCode: 3, ended: "exited" });
  expect(lines).toHaveLength(3002);
  expect(lines.slice(0, 3000)).toEqual(Array.from({ length: 3000 }, (_, index) => `line ${index}`));
  expect(lines[3000]).toHaveLength(100_000);
  expect(lines[3001]).toBe("the last");
});

test("a flood of lines is read as fast as it comes, while the program goes on", async () => {
  const script = `
    const { writeSync } = require("node:fs");
    for (let line = 0; line < 10_000; line++) writeSync(1, "line " + line + "\\n");
    process.stdin.resume();
  `;
  const enough = new AbortController();
  let lines = 0;
  const ended = await runToEnd(
    { file: process.execPath, args: ["-e", script], env: process.env },
    {
      log: new RedactingLog(() => undefined),
      signal: enough.signal,
      interruptible: true,
      onLine: () => {
        lines += 1;
        if (lines === 10_000) enough.abort();
      },
    },
  );
  expect(lines).toBe(10_000);
  expect(ended).toMatchObject({ ended: "cancelled" });
});
