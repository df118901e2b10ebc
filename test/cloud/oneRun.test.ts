import { readdir } from "node:fs/promises";
import path from "node:path";
import { describe, expect, test } from "vitest";
import type { DbtEvent } from "../../server/plugins/dbtPlugin.ts";
import { DbtCancelledError, DbtUnavailableError } from "../../server/plugins/errors.ts";
import type { Behaviour } from "../harness/cloudEmulator/emulatedRun.ts";
import type { CloudEmulator } from "../harness/cloudEmulator/emulator.ts";
import { emulatorForEach } from "../harness/cloudEmulator/emulatorForEach.ts";
import type { FaultKind } from "../harness/cloudEmulator/faults.ts";
import { cloudPluginOn } from "../harness/cloudEmulator/pluginOnEmulator.ts";
import type { TestProject } from "../harness/dbtProject.ts";
import type { FakeClock } from "../harness/fakeClock.ts";

/** One run a click, whatever happens to the trigger. */

const trigger = /^POST .*\/run\/$/;
let project: TestProject;
let clock: FakeClock;
let emulator: CloudEmulator;

emulatorForEach((its) => ({ project, clock, emulator } = its));

/** Long, but where nothing but the deadline ends a request: a slow machine is no fault. */
const secondsFor = ({ kind }: FaultKind): number => (kind === "hang" || kind === "stallBody" ? 2 : 20);
const ref = () => ({ projectDir: project.dir });
const waiting = async (storageDir: string): Promise<string[]> =>
  readdir(path.join(storageDir, "cloud", "pending")).catch(() => []);

describe("one run a click", () => {
  test("a trigger that is answered is one request, and its run is followed to its end", async () => {
    await using made = cloudPluginOn(emulator, { clock });
    const result = await made.plugin.runModels(ref(), { select: "a" }, made.call());
    expect(result).toMatchObject({ success: true, modelsRun: 1, failures: 0 });
    expect(emulator.triggers).toEqual([
      {
        cause: expect.stringMatching(/^Floe dbt: dbt run --select=a \(floe-dbt-[0-9a-f-]{36}\)$/) as string,
        steps_override: ["dbt run --select=a"],
        generate_docs_override: false,
      },
    ]);
    expect(emulator.runs).toHaveLength(1);
    expect(made.events.filter(({ type }) => type === "steps").at(-1)).toMatchObject({
      steps: expect.arrayContaining([
        expect.objectContaining({ name: "dbt run --select=a", state: "success" }),
      ]) as unknown,
    });
    expect(made.events).toContainEqual(
      expect.objectContaining({ type: "nodeFinished", uniqueId: "model.shop.a", status: "success" }),
    );
    expect(made.events).toContainEqual({
      type: "runLink",
      url: expect.stringMatching(/\/deploy\/70403103900042\/projects\/\d+\/runs\/70403105000001$/) as string,
    });
    expect(await waiting(made.storageDir)).toEqual([]);
  });

  test.each<FaultKind>([
    { kind: "lostResponse" },
    { kind: "stallBody" },
    { kind: "cut" },
    { kind: "truncated" },
    { kind: "empty200" },
    { kind: "nullData" },
    { kind: "wrongType" },
    { kind: "badGzip" },
  ])("a run that was made and not answered ($kind) is found and adopted", async (fault) => {
    await using made = cloudPluginOn(emulator, { clock, requestSeconds: secondsFor(fault) });
    emulator.fault({ ...fault, match: trigger });
    const result = await made.plugin.runModels(ref(), {}, made.call());
    expect(result.success).toBe(true);
    expect(emulator.count(trigger)).toBe(1);
    expect(emulator.runs).toHaveLength(1);
    expect(made.notices().join("\n")).toContain(`run ${emulator.runs[0]!.id}`);
  });

  test.each<FaultKind>([
    { kind: "reset" },
    { kind: "hang" },
    { kind: "status", status: 500 },
    { kind: "status", status: 502, html: true },
    { kind: "status", status: 503 },
    { kind: "status", status: 504, html: true },
    { kind: "status", status: 408 },
    { kind: "html200" },
  ])(
    "a trigger that made no run ($kind $status) is said to have made none, and not sent again",
    async (fault) => {
      await using made = cloudPluginOn(emulator, { clock, requestSeconds: secondsFor(fault) });
      emulator.fault({ ...fault, match: trigger });
      const running = made.plugin.runModels(ref(), {}, made.call());
      await expect(running).rejects.toThrow(DbtUnavailableError);
      await expect(running).rejects.toThrow(/No run was started/);
      expect(emulator.count(trigger)).toBe(1);
      expect(emulator.runs).toHaveLength(0);
      // The next click is a new one.
      expect((await made.plugin.runModels(ref(), {}, made.call())).success).toBe(true);
      expect(emulator.runs).toHaveLength(1);
      expect(await waiting(made.storageDir)).toEqual([]);
    },
  );

  test.each([400, 404, 409])(
    "a trigger that is refused (%d) is so in dbt Cloud's own words",
    async (status) => {
      await using made = cloudPluginOn(emulator, { clock });
      emulator.fault({ kind: "status", status, says: "The job is deactivated.", match: trigger });
      await expect(made.plugin.runModels(ref(), {}, made.call())).rejects.toThrow(/The job is deactivated/);
      expect(emulator.count(trigger)).toBe(1);
      expect(await waiting(made.storageDir)).toEqual([]);
    },
  );

  test.each([
    [17, { "retry-after": "17" }],
    [300, {}],
  ])(
    "too many requests: not one more before the %d s that dbt Cloud asks for, here or in its documents",
    async (seconds, headers) => {
      await using made = cloudPluginOn(emulator, { clock });
      emulator.fault({ kind: "status", status: 429, headers, match: trigger });
      expect((await made.plugin.runModels(ref(), {}, made.call())).success).toBe(true);
      const [first, second] = emulator.requests.filter(({ method }) => method === "POST");
      expect(second!.at - first!.at).toBe(seconds * 1000);
      expect(emulator.requests.filter(({ at }) => at > first!.at && at < second!.at)).toEqual([]);
      expect(emulator.runs).toHaveLength(1);
      expect(made.notices().join("\n")).toContain(seconds === 17 ? "17 s" : "5 min");
    },
  );

  test("a run that is not visible yet is waited for", async () => {
    await using made = cloudPluginOn(emulator, { clock });
    emulator.behaviours = [{ hiddenLooks: 2 }];
    expect((await made.plugin.runModels(ref(), {}, made.call())).success).toBe(true);
    expect(emulator.runs).toHaveLength(1);
  });

  test("a run that is never to be seen is given up on after half a minute, and said to be", async () => {
    await using made = cloudPluginOn(emulator, { clock });
    emulator.behaviours = [{ hiddenLooks: Infinity }];
    const before = clock.now();
    await expect(made.plugin.runModels(ref(), {}, made.call())).rejects.toThrow(
      /Run 70403105000001 is not in dbt Cloud any more, or may not be seen: http/,
    );
    expect(clock.now() - before).toBeGreaterThanOrEqual(30_000);
    expect(clock.now() - before).toBeLessThan(60_000);
    expect(emulator.count(trigger)).toBe(1);
    expect(await waiting(made.storageDir)).toEqual([]);
  });

  test("a run that was deleted while nobody waited for it is not offered again", async () => {
    const first = cloudPluginOn(emulator, { clock });
    emulator.behaviours = [{ statuses: [3] }];
    const onEvent = ({ type }: DbtEvent): void => {
      if (type === "steps") void first.plugin.stop(ref());
    };
    await expect(first.plugin.runModels(ref(), {}, { onEvent })).rejects.toThrow(/goes on in dbt Cloud/);
    emulator.runs[0]!.behaviour = { vanishesAfter: 0 };
    await using second = cloudPluginOn(emulator, { clock, storageDir: first.storageDir });
    const [unfinished] = await second.plugin.unfinishedRuns!(ref());
    await expect(second.plugin.resumeRun!(ref(), unfinished!.id, second.call())).rejects.toThrow(
      /has no run 70403105000001, or the token may not see it/,
    );
    expect(await second.plugin.unfinishedRuns!(ref())).toEqual([]);
    expect(emulator.count(trigger)).toBe(1);
    await first[Symbol.asyncDispose]();
  });

  test("a retry whose answer is lost is not sent again, and nobody claims to know", async () => {
    await using made = cloudPluginOn(emulator, { clock });
    emulator.behaviours = [{ statuses: [20] }];
    await made.plugin.runModels(ref(), {}, made.call());
    emulator.fault({ kind: "lostResponse", match: /\/retry\/$/ });
    await expect(made.plugin.remote!.retry(ref(), String(emulator.runs[0]!.id))).rejects.toThrow(
      /Whether it was started is not known: look at the runs before you try again/,
    );
    expect(emulator.count(/\/retry\/$/)).toBe(1);
    expect(emulator.runs).toHaveLength(2);
  });

  test("a window that closes in the middle: the next one takes the run up, and triggers nothing", async () => {
    const first = cloudPluginOn(emulator, { clock });
    emulator.behaviours = [{ statuses: [3] }];
    const running = first.plugin.runModels(
      ref(),
      { select: "a" },
      {
        onEvent: (event) => {
          if (event.type === "steps") void first.plugin.stop(ref());
        },
      },
    );
    await expect(running).rejects.toThrow(/goes on in dbt Cloud/);
    expect(emulator.count(/cancel/)).toBe(0);
    const { storageDir } = first;
    await using second = cloudPluginOn(emulator, { clock, storageDir });
    emulator.runs[0]!.behaviour = {};
    const [unfinished, ...others] = await second.plugin.unfinishedRuns!(ref());
    expect(others).toEqual([]);
    expect(unfinished).toMatchObject({ verb: "run", command: "dbt run --select=a" });
    const result = await second.plugin.resumeRun!(ref(), unfinished!.id, second.call());
    expect(result).toMatchObject({ success: true, modelsRun: 1 });
    expect(emulator.count(trigger)).toBe(1);
    expect(await second.plugin.unfinishedRuns!(ref())).toEqual([]);
    await first[Symbol.asyncDispose]();
  });

  test("a window that opens again before the run can be seen waits for it as the one before would have", async () => {
    for (const isNumbered of [true, false]) {
      const first = cloudPluginOn(emulator, { clock });
      const detach = ({ type }: DbtEvent): void => {
        if (type === (isNumbered ? "runLink" : "notice")) void first.plugin.stop(ref());
      };
      emulator.behaviours = [{ hiddenLooks: 3 }];
      if (!isNumbered) emulator.fault({ kind: "lostResponse", match: trigger });
      await first.plugin.runModels(ref(), {}, { onEvent: detach }).catch(() => undefined);
      await using second = cloudPluginOn(emulator, { clock, storageDir: first.storageDir });
      const [unfinished] = await second.plugin.unfinishedRuns!(ref());
      expect((await second.plugin.resumeRun!(ref(), unfinished!.id, second.call())).success).toBe(true);
      await first[Symbol.asyncDispose]();
    }
    expect(emulator.runs).toHaveLength(2);
  });

  test("a window that closes before the answer: the next one finds the run by its marker", async () => {
    const first = cloudPluginOn(emulator, { clock });
    emulator.fault({ kind: "lostResponse", match: trigger });
    emulator.fault({ kind: "reset", match: /^GET .*\/runs\/$/, times: 100 });
    await expect(first.plugin.runModels(ref(), {}, first.call())).rejects.toThrow(/Look at http/);
    emulator.faults.clear();
    const { storageDir } = first;
    await using second = cloudPluginOn(emulator, { clock, storageDir });
    const [unfinished] = await second.plugin.unfinishedRuns!(ref());
    expect((await second.plugin.resumeRun!(ref(), unfinished!.id, second.call())).success).toBe(true);
    expect(emulator.runs).toHaveLength(1);
    await first[Symbol.asyncDispose]();
  });
});

describe("cancel", () => {
  test("cancels in dbt Cloud, once, and says so", async () => {
    await using made = cloudPluginOn(emulator, { clock });
    emulator.behaviours = [{ statuses: [1, 3] }];
    const abort = new AbortController();
    const running = made.plugin.runModels(
      ref(),
      {},
      {
        signal: abort.signal,
        onEvent: (event) => {
          if (event.type === "steps") abort.abort();
        },
      },
    );
    await expect(running).rejects.toThrow(DbtCancelledError);
    await expect(running).rejects.toThrow(/run 70403105000001 in dbt Cloud too/);
    expect(emulator.count(/^POST .*\/cancel\/$/)).toBe(1);
    expect(emulator.runs[0]!.status).toBe(30);
    const after = emulator.requests.length;
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(emulator.requests).toHaveLength(after);
  });

  test("while the trigger is on its way: the run it makes is cancelled", async () => {
    await using made = cloudPluginOn(emulator, { clock });
    emulator.behaviours = [{ statuses: [1, 3] }];
    emulator.fault({ kind: "slow", milliseconds: 200, match: trigger });
    const abort = new AbortController();
    const running = made.plugin.runModels(ref(), {}, { signal: abort.signal });
    running.catch(() => undefined);
    while (emulator.runs.length === 0) await new Promise((resolve) => setTimeout(resolve, 5));
    abort.abort();
    await expect(running).rejects.toThrow(DbtCancelledError);
    expect(emulator.runs.map(({ status }) => status)).toEqual([30]);
  });

  test.each<[string, Behaviour, RegExp]>([
    ["comes too late", { statuses: [1, 3, 10] }, /had already ended in dbt Cloud: success/],
    ["dbt Cloud takes its time for", { ignoresCancel: true }, /was asked to cancel .* is about to: http/],
  ])(
    "that %s is a cancel all the same: what comes of the run is not shown as its result",
    async (_name, behaviour, words) => {
      await using made = cloudPluginOn(emulator, { clock });
      emulator.behaviours = [{ statuses: [1, 3], ...behaviour }];
      const abort = new AbortController();
      const onEvent = (event: DbtEvent): void => {
        made.events.push(event);
        if (event.type !== "steps") return;
        if (!behaviour.ignoresCancel) emulator.runs[0]!.status = 10;
        abort.abort();
      };
      const running = made.plugin.runModels(ref(), {}, { signal: abort.signal, onEvent });
      await expect(running).rejects.toThrow(DbtCancelledError);
      await expect(running).rejects.toThrow(words);
      expect(made.events.filter(({ type }) => type === "nodeFinished")).toEqual([]);
      expect(emulator.count(/^POST .*\/cancel\/$/)).toBe(1);
      expect(await waiting(made.storageDir)).toEqual([]);
    },
  );

  test("that dbt Cloud refuses is said, with the run's page", async () => {
    await using made = cloudPluginOn(emulator, { clock });
    emulator.behaviours = [{ statuses: [3] }];
    emulator.fault({ kind: "status", status: 403, match: /\/cancel\/$/ });
    const abort = new AbortController();
    const running = made.plugin.runModels(
      ref(),
      {},
      {
        signal: abort.signal,
        onEvent: (event) => {
          made.events.push(event);
          if (event.type === "steps") abort.abort();
        },
      },
    );
    await expect(running).rejects.toThrow(
      /could not be cancelled in dbt Cloud and may go on.*\/runs\/70403105000001/s,
    );
    expect(made.notices().join("\n")).toContain("could not be cancelled");
  });
});
