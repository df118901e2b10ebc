import { describe, expect, test } from "vitest";
import { RedactingLog } from "../../server/platform/log.ts";
import { runToEnd, startLineProcess } from "../../server/platform/process.ts";

const node = (script: string, ...args: string[]) => ({
  file: process.execPath,
  args: ["-e", script, ...args],
  env: { PATH: process.env.PATH },
});

function testLog() {
  const lines: string[] = [];
  return { lines, log: new RedactingLog((_level, message) => lines.push(message)) };
}

function deferred<T>() {
  let resolve: (value: T) => void = () => undefined;
  const promise = new Promise<T>((settle) => (resolve = settle));
  return { promise, resolve: (value: T) => resolve(value) };
}

/** Resolves when the process with this id is gone; the test's own time limit ends a wait in vain. */
async function gone(pid: number): Promise<void> {
  for (;;) {
    try {
      process.kill(pid, 0);
    } catch {
      return;
    }
    await new Promise((resolve) => setImmediate(resolve));
  }
}

describe("runToEnd", () => {
  test("gives a child its environment, and none of our secrets", async () => {
    const { log } = testLog();
    const command = node("console.log(Object.keys(process.env).sort().join())");
    const env = { ...command.env, DBT_HUT: "kallio", FLOE_SECRET_DBT_CLOUD_API_TOKEN: "dbtc_1" };
    const { stdout } = await runToEnd({ ...command, env }, { log });
    expect(stdout).toContain("DBT_HUT");
    expect(stdout).not.toContain("FLOE_SECRET");
  });

  test("gives exit code, output and one redacted line in the log", async () => {
    const { lines, log } = testLog();
    log.hide("hunter22");
    const outcome = await runToEnd(
      node("console.log(process.argv[1]); console.error('words'); process.exit(3)", "hunter22"),
      { log },
    );
    expect(outcome).toMatchObject({ exitCode: 3, stdout: "hunter22\n", stderr: "words\n", ended: "exited" });
    expect(lines).toHaveLength(1);
    expect(lines[0]).toMatch(/\*\*\* · exit 3 · \d+\.\d\d s$/);
    expect(lines[0]).not.toContain("hunter22");
  });

  test("passes arguments as data, never through a shell", async () => {
    const hostile = `a b "c" $(touch x) ; rm -rf / && é`;
    const { stdout } = await runToEnd(node("process.stdout.write(process.argv[1])", hostile), {
      log: testLog().log,
    });
    expect(stdout).toBe(hostile);
  });

  test("inherits nothing of this process's environment", async () => {
    process.env.FLOE_TEST_LEAK = "leaked";
    const { stdout } = await runToEnd(node("console.log(process.env.FLOE_TEST_LEAK)"), {
      log: testLog().log,
    });
    delete process.env.FLOE_TEST_LEAK;
    expect(stdout.trim()).toBe("undefined");
  });

  test("says what could not be started", async () => {
    const outcome = await runToEnd(
      { file: "/nowhere/at/all/python", args: [], env: {} },
      { log: testLog().log },
    );
    expect(outcome.ended).toBe("notStarted");
    expect(outcome.stderr).toContain("ENOENT");
  });

  test("keeps only the end of a long output", async () => {
    const { stdout } = await runToEnd(node("process.stdout.write('x'.repeat(300000) + 'end')"), {
      log: testLog().log,
      keep: 1000,
    });
    expect(stdout).toHaveLength(1000);
    expect(stdout.endsWith("end")).toBe(true);
  });

  test("ends at the time limit, and the children of the process with it", async () => {
    const script = `
      const child = require("node:child_process").spawn(process.execPath, ["-e", "setInterval(() => {}, 1000)"]);
      console.log(child.pid);
      process.on("SIGTERM", () => {});
      setInterval(() => {}, 1000);`;
    const outcome = await runToEnd(node(script), { log: testLog().log, timeLimitSeconds: 0.5 });
    expect(outcome.ended).toBe("timeLimit");
    await gone(Number(outcome.stdout));
  });

  test.skipIf(process.platform === "win32")(
    "interrupts first, so that the process can clean up",
    async () => {
      const abort = new AbortController();
      const script = `process.on("SIGINT", () => { console.log("cleaned"); process.exit(0); });
      console.log("up"); setInterval(() => {}, 1000);`;
      const outcome = await runToEnd(node(script), {
        log: testLog().log,
        signal: abort.signal,
        interruptible: true,
        onLine: (line) => line === "up" && abort.abort(),
      });
      expect(outcome).toMatchObject({ ended: "cancelled", stdout: "up\ncleaned\n" });
    },
  );

  test("starts nothing once the signal has fired", async () => {
    const { lines, log } = testLog();
    const outcome = await runToEnd(node("1"), { log, signal: AbortSignal.abort() });
    expect(outcome.ended).toBe("cancelled");
    expect(lines).toEqual([]);
  });
});

describe("startLineProcess", () => {
  const echo = `process.stdin.setEncoding("utf8").on("data", (t) => process.stdout.write(t))`;

  test("writes and reads lines, and tells its end once", async () => {
    const { promise, resolve } = deferred<string>();
    const child = startLineProcess(node(echo), { log: testLog().log, onLine: resolve });
    child.writeLine("hé");
    expect(await promise).toBe("hé");
    await child.kill();
    expect(await child.exited).toMatchObject({ exitCode: null });
    child.writeLine("nobody hears this");
  });

  test("drops a line above the limit and goes on with the next", async () => {
    const lines: string[] = [];
    let overlong = 0;
    const child = startLineProcess(node(`console.log("x".repeat(5000)); console.log("next")`), {
      log: testLog().log,
      maxLineLength: 1000,
      onLine: (line) => lines.push(line),
      onOverlongLine: () => overlong++,
    });
    await child.exited;
    expect({ lines, overlong }).toEqual({ lines: ["next"], overlong: 1 });
  });

  test("keeps the end of stderr for the message", async () => {
    const child = startLineProcess(node(`console.error("why"); process.exit(7)`), {
      log: testLog().log,
      onLine: () => undefined,
    });
    expect(await child.exited).toMatchObject({ exitCode: 7, stderrTail: "why\n" });
  });

  test("what it leaves running goes with it", async () => {
    const script = `
      const child = require("node:child_process").spawn(process.execPath, ["-e", "setInterval(() => {}, 1000)"], { stdio: "ignore" });
      console.log(child.pid);
      setTimeout(() => process.kill(process.pid, "SIGKILL"), 10)`;
    const seen = deferred<string>();
    const child = startLineProcess(node(script), { log: testLog().log, onLine: seen.resolve });
    await child.exited;
    await gone(Number(await seen.promise));
  });

  test("ends with the process that started it", async () => {
    const parent = startLineProcess(
      {
        file: process.execPath,
        args: [new URL("./processParent.ts", import.meta.url).pathname],
        env: { PATH: process.env.PATH },
      },
      { log: testLog().log, onLine: (line) => pids.push(Number(line)) },
    );
    const pids: number[] = [];
    await parent.exited;
    expect(pids).toHaveLength(1);
    await gone(pids[0]!);
  });

  test("a guarded one ends even when the process that started it is killed", async () => {
    const parent = startLineProcess(
      {
        file: process.execPath,
        args: [new URL("./guardedParent.ts", import.meta.url).pathname],
        env: { PATH: process.env.PATH },
      },
      {
        log: testLog().log,
        onLine: (line) => {
          pids.push(Number(line));
          // Only the process itself, as the system does it when memory runs out.
          if (parent.pid !== undefined) process.kill(parent.pid, "SIGKILL");
        },
      },
    );
    const pids: number[] = [];
    await parent.exited;
    expect(pids).toHaveLength(1);
    await gone(pids[0]!);
  });
});
