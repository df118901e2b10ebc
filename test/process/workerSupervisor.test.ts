import path from "node:path";
import { afterEach, describe, expect, test } from "vitest";
import { RedactingLog } from "../../server/platform/log.ts";
import { DbtCancelledError, DbtEnvironmentError, DbtLintError } from "../../server/plugins/errors.ts";
import { WorkerSupervisor, type WorkerStatus } from "../../server/plugins/local/workerSupervisor.ts";

/** A real process that speaks the worker's protocol and misbehaves when told to. */
const standIn = path.join(import.meta.dirname, "standInWorker.mjs");

const started: WorkerSupervisor[] = [];
afterEach(async () => {
  await Promise.all(started.splice(0).map((worker) => worker.stop()));
});

function supervise(
  options: { timeLimitSeconds?: number; idleMinutes?: number; fails?: () => Error | null } = {},
) {
  const statuses: WorkerStatus[] = [];
  const logged: string[] = [];
  let launches = 0;
  const worker = new WorkerSupervisor({
    log: new RedactingLog((level, message) => logged.push(`${level}: ${message}`)),
    launch: () => {
      launches++;
      const failure = options.fails?.();
      if (failure) return Promise.reject(failure);
      return Promise.resolve({
        command: { file: process.execPath, args: [standIn], env: {} },
        initialize: { projectDir: "/x", privateDir: "/y" },
        timeLimitSeconds: options.timeLimitSeconds ?? 30,
        idleMinutes: options.idleMinutes ?? 5,
      });
    },
    onStatus: (status) => statuses.push(status),
    backOffSeconds: [0, 0.01, 0.02, 0.03],
  });
  started.push(worker);
  const lint = async (what: string, signal?: AbortSignal) =>
    (await worker.request("lint", { paths: [what] }, { signal })).linted;
  return { worker, lint, statuses, logged, launches: () => launches };
}

/** Resolves once the condition holds; the test's own time limit ends a wait in vain. */
async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setImmediate(resolve));
}

describe("the life of a worker", () => {
  test("starts with the first request, once for many, and tells how it is", async () => {
    const { lint, statuses, launches } = supervise();
    const [first, second] = await Promise.all([lint("a"), lint("b")]);
    expect(first[1]).toBe(second[1]);
    expect(launches()).toBe(1);
    expect(statuses.map(({ state }) => state)).toEqual(["starting", "parsing", "ready"]);
    expect(statuses.at(-1)?.versions).toMatchObject({ python: "3.11.7" });
  });

  test("killed between requests: the next is answered by a new one", async () => {
    const { worker, lint } = supervise();
    const [, before] = await lint("a");
    process.kill(worker.pid!, "SIGKILL");
    await until(() => worker.pid === undefined);
    const [, after] = await lint("b");
    expect(after).not.toBe(before);
  });

  test("a request that kills it twice fails, says so, and costs nobody else anything", async () => {
    const { lint, launches } = supervise();
    const dying = lint("die");
    await expect(dying).rejects.toThrow(DbtLintError);
    await expect(dying).rejects.toThrow(/was ended from outside \(SIGKILL\).* short of memory/);
    expect(launches()).toBe(2);
    expect((await lint("a"))[0]).toBe("a");
  });

  test(
    "five deaths within a minute end it with a message, until it is restarted",
    { timeout: 30_000 },
    async () => {
      const { worker, lint, statuses, launches } = supervise();
      for (let request = 0; request < 3; request++) await expect(lint("die")).rejects.toThrow(DbtLintError);
      expect(launches()).toBe(5);
      await expect(lint("a")).rejects.toMatchObject({ remedy: { command: "floeDbt.restartServer" } });
      expect(launches()).toBe(5);
      expect(statuses.at(-1)).toMatchObject({ state: "failed" });
      await worker.stop();
      expect((await lint("a"))[0]).toBe("a");
    },
  );

  test("one that says nothing for too long is replaced", async () => {
    const { lint } = supervise({ timeLimitSeconds: 0.3 });
    await expect(lint("hang")).rejects.toThrow("Linting hang took longer than 0.3 s");
    expect((await lint("a"))[0]).toBe("a");
  });

  test("lines that are not of the protocol are passed over and logged once", async () => {
    const { lint, logged } = supervise();
    expect(await lint("rubbish")).toEqual(["rubbish"]);
    expect(logged.filter((line) => line.includes("not of the protocol"))).toHaveLength(1);
  });

  test("an answer in a wrong shape fails that request, and the worker is replaced", async () => {
    const { lint } = supervise();
    const [, before] = await lint("a");
    await expect(lint("misfit")).rejects.toThrow(DbtLintError);
    expect((await lint("a"))[1]).not.toBe(before);
  });

  test("an error of the worker keeps its kind and place", async () => {
    const { lint } = supervise();
    await expect(lint("refuse")).rejects.toMatchObject({
      kind: "lint",
      filePath: "/x.sql",
      line: 3,
      message: "No.",
    });
  });

  test("a cancelled request ends as cancelled, and the worker lives on", async () => {
    const { worker, lint } = supervise();
    const [, before] = await lint("a");
    const abort = new AbortController();
    const hanging = worker.request(
      "lint",
      { paths: ["hang"] },
      { signal: abort.signal, onEvent: () => abort.abort() },
    );
    await expect(hanging).rejects.toThrow(DbtCancelledError);
    expect((await lint("a"))[1]).toBe(before);
  });

  test("ends when unused, and comes back", async () => {
    const { worker, lint, statuses } = supervise({ idleMinutes: 0.002 });
    await lint("a");
    await until(() => statuses.at(-1)?.state === "idle");
    expect(worker.pid).toBeUndefined();
    expect((await lint("b"))[0]).toBe("b");
  });

  test("an environment that cannot lint is told with its remedy and not tried at every key", async () => {
    const remedy = { title: "Set Up Environment", command: "floeDbt.setUpEnvironment" };
    let broken = true;
    const { worker, lint, statuses, launches } = supervise({
      fails: () => (broken ? new DbtEnvironmentError("No SQLFluff.", { remedy }) : null),
    });
    await expect(lint("a")).rejects.toThrow("No SQLFluff.");
    await expect(lint("a")).rejects.toThrow("No SQLFluff.");
    expect(launches()).toBe(1);
    expect(statuses.at(-1)).toMatchObject({ state: "failed", reason: "No SQLFluff.", remedy });
    broken = false;
    await worker.stop();
    expect((await lint("a"))[0]).toBe("a");
  });

  test("stopping ends the process and the requests that wait", async () => {
    const { worker, lint } = supervise();
    await lint("a");
    const pid = worker.pid!;
    const hanging = lint("hang");
    const outcome = expect(hanging).rejects.toThrow(DbtCancelledError);
    await worker.stop();
    await outcome;
    expect(() => process.kill(pid, 0)).toThrow();
  });
});
