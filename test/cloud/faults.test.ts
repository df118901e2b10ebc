import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { inspect } from "node:util";
import { afterAll, afterEach, describe, expect, test } from "vitest";
import { CoolDowns } from "../../server/plugins/cloud/coolDown.ts";
import {
  DbtAuthenticationError,
  DbtCancelledError,
  DbtConfigurationError,
  DbtError,
  DbtExecutionError,
  DbtUnavailableError,
} from "../../server/plugins/errors.ts";
import { commitAll } from "../harness/cloudEmulator/checkout.ts";
import { CloudEmulator, emulatedJobs, emulatedToken } from "../harness/cloudEmulator/emulator.ts";
import { emulatorForEach } from "../harness/cloudEmulator/emulatorForEach.ts";
import type { FaultKind } from "../harness/cloudEmulator/faults.ts";
import { cloudPluginOn, type CloudPluginUnderTest } from "../harness/cloudEmulator/pluginOnEmulator.ts";
import type { TestProject } from "../harness/dbtProject.ts";
import { FakeClock } from "../harness/fakeClock.ts";

/** Everything that can go wrong on the way, in milliseconds: no dbt, a clock that runs as fast as it is asked. */

const look = /^GET .*\/runs\/\d+\/$/;
/** All that was said during the suite: errors, events, logs. */
const said: string[] = [];
/** All that was written during the suite. */
const storageDir = mkdtempSync(path.join(tmpdir(), "floe-dbt-faults-"));

let project: TestProject;
let clock: FakeClock;
let emulator: CloudEmulator;
let made: CloudPluginUnderTest;

emulatorForEach((its) => {
  ({ project, clock, emulator } = its);
  made = plugin(20);
});
afterEach(async () => {
  said.push(...made.logged, JSON.stringify(made.events));
  expect(leaks(project.dir)).toEqual([]);
  await made[Symbol.asyncDispose]();
});
afterAll(() => {
  // The check itself can find something.
  writeFileSync(path.join(storageDir, "control"), emulatedToken);
  expect(leaks(storageDir)).toEqual([path.join(storageDir, "control")]);
  rmSync(path.join(storageDir, "control"));
  expect(leaks(storageDir)).toEqual([]);
  expect(said.length).toBeGreaterThan(20);
  expect(said.filter((text) => text.includes(emulatedToken))).toEqual([]);
  expect(Object.values(process.env).some((value) => value?.includes(emulatedToken))).toBe(false);
  rmSync(storageDir, { recursive: true, force: true });
});

const leaks = (dir: string): string[] =>
  readdirSync(dir, { recursive: true, encoding: "utf8" })
    .map((name) => path.join(dir, name))
    .filter((file) => statSync(file).isFile() && readFileSync(file).includes(emulatedToken));

/** @param requestSeconds long, but where nothing but the deadline ends a request: a slow machine is no fault */
const plugin = (requestSeconds: number): CloudPluginUnderTest =>
  cloudPluginOn(emulator, { clock, storageDir, requestSeconds, downloadSeconds: 30 });
const ref = () => ({ projectDir: project.dir });
const run = (signal?: AbortSignal) => made.plugin.runModels(ref(), {}, made.call(signal));

async function failure(work: Promise<unknown>): Promise<DbtError> {
  const error: unknown = await work.then(
    () => null,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(DbtError);
  // As a crash would print it, causes included.
  said.push(inspect(error, { depth: null }), JSON.stringify(error));
  return error as DbtError;
}

describe("while a run is waited for", () => {
  test.each<FaultKind>([
    { kind: "status", status: 500 },
    { kind: "status", status: 502, html: true },
    { kind: "status", status: 503 },
    { kind: "status", status: 504 },
    { kind: "status", status: 408 },
    { kind: "reset" },
    { kind: "cut" },
    { kind: "truncated" },
    { kind: "stallBody" },
    { kind: "hang" },
    { kind: "empty200" },
    { kind: "html200" },
    { kind: "wrongType" },
    { kind: "nullData" },
    { kind: "badGzip" },
  ])(
    "$kind $status passes: the same run is followed to its end, and its row says what was waited for",
    async (fault) => {
      const endless = fault.kind === "hang" || fault.kind === "stallBody";
      if (endless) {
        await made[Symbol.asyncDispose]();
        made = plugin(2);
      }
      emulator.fault({ ...fault, match: look, times: 2 });
      expect((await run()).success).toBe(true);
      expect(emulator.runs).toHaveLength(1);
      expect(emulator.triggers).toHaveLength(1);
      const notices = made.notices().filter((text) => text.includes("Trying again in"));
      expect(notices).toHaveLength(2);
      expect(notices[0]).toMatch(/^dbt Cloud: .+\. Trying again in 1 s \(2 of 8\)\.$/);
      expect(notices[1]).toContain("2 s (3 of 8)");
    },
  );

  test("an outage that does not end: bounded, and the error says which run goes on, and where", async () => {
    emulator.fault({ kind: "status", status: 503, match: look, times: 1000 });
    const error = await failure(run());
    expect(error).toBeInstanceOf(DbtUnavailableError);
    expect(error.message).toMatch(
      /8 times in a row.*Run 70403105000001 goes on in dbt Cloud: http.*\/runs\/70403105000001/s,
    );
    expect(emulator.count(look)).toBe(8);
    // Taken up again when it is back.
    emulator.faults.clear();
    const [unfinished] = await made.plugin.unfinishedRuns!(ref());
    expect((await made.plugin.resumeRun!(ref(), unfinished!.id, made.call())).success).toBe(true);
    expect(emulator.triggers).toHaveLength(1);
  });

  test("retries can be cancelled, and cancel the run", async () => {
    emulator.fault({ kind: "status", status: 503, match: look, times: 4 });
    const abort = new AbortController();
    const running = made.plugin.runModels(
      ref(),
      {},
      {
        signal: abort.signal,
        onEvent: (event) => {
          if (event.type === "notice") abort.abort();
        },
      },
    );
    expect(await failure(running)).toBeInstanceOf(DbtCancelledError);
    expect(emulator.runs[0]!.status).toBe(30);
  });

  test("a run that fails without results is an error with the end of its log and its page", async () => {
    emulator.behaviours = [
      {
        statuses: [3, 20],
        log: "12:00:00  Database Error\n12:00:00    disk is full\n",
        artifacts: { "run_results.json": null },
      },
    ];
    const error = await failure(run());
    expect(error).toBeInstanceOf(DbtExecutionError);
    expect(error.message).toMatch(/“dbt run”.*disk is full.*\/runs\/70403105000001/s);
  });

  test("a log with the token in it is shown without it, wherever it is shown", async () => {
    const log = `12:00:00  Database Error\n12:00:00    ${emulatedToken} is no password\n`;
    emulator.behaviours = [
      { statuses: [3, 20], log, logsSoFar: [log], artifacts: { "run_results.json": null } },
    ];
    expect((await failure(run())).message).toContain("*** is no password");
    const text = await made.plugin.remote!.text(ref(), String(emulator.runs[0]!.id), { step: 4 });
    expect(text).toBe("Database Error\n  *** is no password\n");
    said.push(text);
  });

  test("a run that somebody cancels there is cancelled here", async () => {
    emulator.behaviours = [{ statuses: [3, 30] }];
    const error = await failure(run());
    expect(error).toBeInstanceOf(DbtCancelledError);
    expect(error.message).toContain("was cancelled in dbt Cloud");
  });

  test("a run that is gone is said to be", async () => {
    emulator.behaviours = [{ statuses: [3], vanishesAfter: 2 }];
    const error = await failure(run());
    expect(error).toBeInstanceOf(DbtExecutionError);
    expect(error.message).toMatch(/Run 70403105000001 is not in dbt Cloud any more/);
    expect(await made.plugin.unfinishedRuns!(ref())).toEqual([]);
  });

  test.each([
    ["an unknown status number is no end: said once", 99, 1],
    ["a run that never leaves the queue", 1, 0],
  ])("%s, bounded by the time limit, and cancelled then", async (_name, status, times) => {
    await using hasty = cloudPluginOn(emulator, { clock, config: { timeoutSeconds: 120 } });
    emulator.behaviours = [{ statuses: [status] }];
    const error = await failure(hasty.plugin.runModels(ref(), {}, hasty.call()));
    expect(error).toBeInstanceOf(DbtExecutionError);
    expect(error.message).toMatch(/takes longer than 12\d s/);
    expect(hasty.notices().filter((text) => text.includes(`status ${status}`))).toHaveLength(times);
    expect(emulator.count(/\/cancel\/$/)).toBe(1);
    expect(emulator.runs[0]!.status).toBe(30);
  });

  test("a token that expires meanwhile: no retry, and the run can be taken up after signing in again", async () => {
    emulator.behaviours = [{ statuses: [3, 3, 3, 3, 3, 10] }];
    const running = made.plugin.runModels(
      ref(),
      {},
      {
        onEvent: (event) => {
          if (event.type === "steps") emulator.tokens.get(emulatedToken)!.expired = true;
        },
      },
    );
    const error = await failure(running);
    expect(error).toBeInstanceOf(DbtAuthenticationError);
    expect(error.remedy?.command).toBe("floeDbt.signIn");
    expect(error.message).toMatch(/Run 70403105000001 goes on in dbt Cloud/);
    emulator.tokens.get(emulatedToken)!.expired = false;
    const [unfinished] = await made.plugin.unfinishedRuns!(ref());
    expect((await made.plugin.resumeRun!(ref(), unfinished!.id, made.call())).success).toBe(true);
  });
});

describe("who may do what, and where", () => {
  test.each([
    [
      "an expired token",
      () => void (emulator.tokens.get(emulatedToken)!.expired = true),
      /does not accept the token/,
    ],
    [
      "another account's token",
      () => void (emulator.tokens.get(emulatedToken)!.accountId = 7),
      /another account/,
    ],
    [
      "a metadata-only token",
      () => void (emulator.tokens.get(emulatedToken)!.may = "metadata"),
      /permission is missing/,
    ],
    [
      "a read-only token",
      () => void (emulator.tokens.get(emulatedToken)!.may = "read"),
      /permission is missing/,
    ],
  ])("%s is an error with a remedy, not asked twice", async (_name, change, words) => {
    change();
    const error = await failure(run());
    expect(error).toBeInstanceOf(DbtAuthenticationError);
    expect(error.message).toMatch(words);
    expect(error.remedy?.command).toBe("floeDbt.signIn");
    expect(emulator.requests.length).toBeLessThanOrEqual(2);
    expect(emulator.runs).toEqual([]);
  });

  test.each([
    ["an expired token", { expired: true }, /does not accept the token/],
    ["another account's token", { accountId: 7 }, /is not for account 70403103900042/],
    ["a metadata-only token", { may: "metadata" }, /is not for account .*, or may see nothing there/],
  ] as const)("%s is not signed in with", async (_name, rights, words) => {
    Object.assign(emulator.tokens.get(emulatedToken)!, rights);
    const error = await failure(made.plugin.remote!.signIn(ref(), emulatedToken));
    expect(error).toBeInstanceOf(DbtAuthenticationError);
    expect(error.message).toMatch(words);
  });

  test("what no token can be is said at once, without it", async () => {
    const pasted = `${emulatedToken}\nand the next line`;
    await using other = cloudPluginOn(emulator, { clock, token: () => pasted });
    const error = await failure(other.plugin.runModels(ref()));
    expect(error).toBeInstanceOf(DbtAuthenticationError);
    expect(error.message).toContain("copy it again");
    expect(inspect([error, other.logged], { depth: null })).not.toContain(emulatedToken);
    expect(emulator.requests).toEqual([]);
  });

  test("a host that answers with web pages is a wrong base_url", async () => {
    emulator.fault({ kind: "html200", match: /./, times: 100 });
    const error = await failure(run());
    expect(error).toBeInstanceOf(DbtConfigurationError);
    expect(error.message).toContain("base_url");
    expect(emulator.requests).toHaveLength(1);
  });

  test("the token never goes to another origin, and a trigger is never redirected", async () => {
    const visitors: string[] = [];
    const elsewhere = createServer((request, response) => {
      visitors.push(JSON.stringify(request.headers));
      response.end("{}");
    });
    await new Promise<void>((resolve) => elsewhere.listen(0, "127.0.0.1", resolve));
    const to = `http://127.0.0.1:${(elsewhere.address() as AddressInfo).port}/`;
    try {
      emulator.fault({ kind: "redirect", to, match: /^GET .*\/jobs\// });
      expect((await failure(run())).message).toContain("not followed");
      emulator.fault({ kind: "redirect", status: 307, to, match: /^POST/ });
      expect((await failure(run())).message).toContain("not followed");
      emulator.fault({ kind: "redirect", status: 301, to: "/api/v2/", match: /^POST/ });
      expect((await failure(run())).message).toContain("not followed");
      emulator.fault({ kind: "redirect", to: "#", match: /^GET .*\/jobs\//, times: 100 });
      expect((await failure(run())).message).toContain("circle");
      expect(visitors).toEqual([]);
      expect(emulator.runs).toEqual([]);
      // Within its own origin it may.
      emulator.faults.clear();
      emulator.fault({ kind: "redirect", to: "#", match: /^GET .*\/jobs\// });
      expect((await run()).success).toBe(true);
    } finally {
      await new Promise((resolve) => elsewhere.close(resolve));
    }
  });

  test.each([
    [{ baseUrl: null }, /base_url/],
    [{ baseUrl: "http://cloud.example.org" }, /not encrypted/],
    [{ baseUrl: "https://ab1.metadata.us1.dbt.com" }, /metadata/],
    [{ accountId: "99999999999999999999" }, /whole number/],
    [{ accountId: null }, /account_id/],
  ])("a configuration that cannot be right (%j) is one before anything is sent", async (config, words) => {
    await using other = cloudPluginOn(emulator, { clock, config });
    const error = await failure(other.plugin.runModels(ref()));
    expect(error).toBeInstanceOf(DbtConfigurationError);
    expect(error.message).toMatch(words);
    expect(emulator.requests).toEqual([]);
  });

  test("a job that is not there, or none at all: the jobs there are", async () => {
    await using other = cloudPluginOn(emulator, {
      clock,
      config: { jobIds: { compile: null, run: "17", test: null } },
    });
    expect((await failure(other.plugin.runModels(ref()))).message).toMatch(
      /no job 17.*Nightly \(70403104191314\), Docs/,
    );
    await using none = cloudPluginOn(emulator, {
      clock,
      config: { jobIds: { compile: null, run: null, test: null } },
    });
    expect((await failure(none.plugin.runTests(ref()))).message).toMatch(
      /job_ids\.test.*Nightly \(70403104191314\)/,
    );
  });

  test("an environment that is not there: the environments there are", async () => {
    await using other = cloudPluginOn(emulator, { clock, config: { environmentId: "17" } });
    const error = await failure(other.plugin.getManifest(ref()));
    expect(error).toBeInstanceOf(DbtConfigurationError);
    expect(error.message).toMatch(/no environment 17 in dbt Cloud.* It has: Production \(\d+\)/);
  });
});

describe("too many requests", () => {
  test("without Retry-After nobody of the account asks for five minutes; others are not held up", async () => {
    const coolDowns = new CoolDowns(clock);
    await using first = cloudPluginOn(emulator, { clock, coolDowns });
    await using second = cloudPluginOn(emulator, { clock, coolDowns });
    emulator.fault({ kind: "status", status: 429, match: look });
    emulator.behaviours = [{ statuses: [3, 10] }];
    await first.plugin.runModels(ref(), {}, first.call());
    const limited = emulator.requests.find(({ method, path: at }) => look.test(`${method} ${at}`))!.at;
    expect(emulator.requests.filter(({ at }) => at > limited && at < limited + 300_000)).toEqual([]);
    expect(first.notices().join("\n")).toContain("5 min");

    coolDowns.start(`${emulator.url}/70403103900042`, null);
    const before = clock.now();
    await second.plugin.runModels(ref(), {}, second.call());
    expect(clock.now() - before).toBeGreaterThanOrEqual(300_000);
    expect(coolDowns.remaining("https://elsewhere/1")).toBe(0);
  });

  test.each([
    ["7", 7_000],
    [new Date(Date.parse("2026-11-29T12:01:00Z")).toUTCString(), 60_000],
    ["soon", 300_000],
    ["999999999", 3_600_000],
  ])("Retry-After %s is %d ms", (header, milliseconds) => {
    expect(new CoolDowns(new FakeClock()).start("x", header)).toBe(milliseconds);
  });

  test("a client that keeps to it gets through", async () => {
    await using strict = await CloudEmulator.start({ clock, requestsPerMinute: 3 });
    await using patient = cloudPluginOn(strict, { clock });
    expect((await patient.plugin.runModels(ref(), {}, patient.call())).success).toBe(true);
    expect(strict.runs).toHaveLength(1);
  });
});

describe("nodes", () => {
  const nodes = Object.fromEntries(
    ["a", "b"].map((name) => [
      `model.shop.${name}`,
      { name, resource_type: "model", schema: "main", original_file_path: `models/${name}.sql` },
    ]),
  );
  const manifest = JSON.stringify({ metadata: {}, nodes });
  const results = JSON.stringify({
    metadata: {},
    results: [
      { unique_id: "model.shop.a", status: "success", execution_time: 0.123 },
      { unique_id: "model.shop.b", status: "error", execution_time: 0.05, message: "no such column" },
    ],
  });
  const artifacts = { "manifest.json": manifest, "run_results.json": results };
  const said = [
    "\u001b[0m12:00:00  Running with dbt=1.11.0\n12:00:01  1 of 2 START sql table model main.a .... [RUN]\n12:0",
    "\u001b[0m12:00:00  Running with dbt=1.11.0\n12:00:01  1 of 2 START sql table model main.a .... [RUN]\n12:00:02  1 of 2 OK created sql table model main.a .... [\u001b[32mOK\u001b[0m in 0.12s]\n12:00:02  2 of 2 START sql view model main.b .... [RUN]\n",
  ];

  test("are told while the run goes on, as its log grows; its results have the last word", async () => {
    emulator.behaviours = [
      { statuses: [3, 3, 10], logsSoFar: [...said], artifacts },
      { statuses: [1, 3, 3, 20], logsSoFar: said, artifacts },
    ];
    await run();
    // Nothing was kept of the account yet: the step says what its log says.
    const doing = made.events.flatMap((event) =>
      event.type === "steps" ? event.steps.flatMap((step) => step.doing ?? []) : [],
    );
    expect(doing).toEqual(["1 of 2 · main.a", "2 of 2 · main.b"]);
    made.events.length = 0;
    const looks: [number, string, string][] = [];
    const result = await made.plugin.runModels(
      ref(),
      {},
      {
        onEvent(event) {
          if (event.type === "nodeStarted" || event.type === "nodeFinished")
            looks.push([emulator.runs[1]!.looks, event.type, event.uniqueId]);
          made.events.push(event);
        },
      },
    );
    expect(looks).toEqual([
      [2, "nodeStarted", "model.shop.a"],
      [3, "nodeFinished", "model.shop.a"],
      [3, "nodeStarted", "model.shop.b"],
      [4, "nodeFinished", "model.shop.b"],
    ]);
    expect(made.events).toContainEqual({ type: "nodesTotal", total: 2 });
    expect(made.events).toContainEqual({
      type: "nodeFinished",
      uniqueId: "model.shop.a",
      status: "success",
      seconds: 0.12,
      node: { name: "a", resourceType: "model", path: "models/a.sql" },
    });
    expect(made.events).toContainEqual(
      expect.objectContaining({
        type: "log",
        uniqueId: "model.shop.a",
        message: expect.stringContaining("OK") as string,
      }),
    );
    expect(result).toMatchObject({ success: false, modelsRun: 1, failures: 1 });
  });

  test("that run when sight is lost of the run have not failed", async () => {
    emulator.behaviours = [{ artifacts }, { statuses: [3], logsSoFar: said.slice(1) }];
    await run();
    made.events.length = 0;
    emulator.fault({ kind: "status", status: 503, match: look, after: 2, times: 1000 });
    expect((await failure(run())).message).toContain("goes on in dbt Cloud");
    expect(made.events.findLast(({ type }) => type === "nodeFinished")).toMatchObject({
      uniqueId: "model.shop.b",
      status: "cancelled",
    });
  });
});

describe("results", () => {
  test("of a job with a docs step are the command's, not the docs step's", async () => {
    await using docs = cloudPluginOn(emulator, {
      clock,
      config: { jobIds: { compile: null, run: String(emulatedJobs.docs), test: null } },
    });
    emulator.behaviours = [{ docs: true }];
    const result = await docs.plugin.runModels(ref());
    expect(result).toMatchObject({ modelsRun: 1 });
    expect(result.catalogPath).toMatch(/catalog\.json$/);
    expect(await docs.plugin.getRunResults(ref())).toMatchObject({ args: { which: "run" } });
    expect(emulator.triggers[0]).toMatchObject({ generate_docs_override: false });
  });

  test("without a catalog have none; the list may be null", async () => {
    expect((await run()).catalogPath).toBeNull();
    expect(emulator.count(/catalog/)).toBe(0);
  });

  test("a failed run with results is a result", async () => {
    const results = JSON.stringify({
      metadata: {},
      args: { which: "run" },
      results: [
        {
          unique_id: "model.shop.a",
          status: "error",
          execution_time: 1,
          message: "Binder Error",
          failures: null,
        },
        { unique_id: "model.shop.b", status: "skipped", execution_time: 0, message: null, failures: null },
      ],
    });
    emulator.behaviours = [{ statuses: [3, 20], artifacts: { "run_results.json": results } }];
    const result = await run();
    expect(result).toMatchObject({ success: false, failures: 1, modelsRun: 0 });
    expect(result.metadata["nodes"]).toMatchObject([
      { file: project.file("models/a.sql"), message: "Binder Error" },
      {},
    ]);
  });

  test("an artifact that is cut off is fetched again, and never kept in part", async () => {
    emulator.fault({ kind: "cut", match: /manifest\.json$/, times: 2 });
    expect((await run()).success).toBe(true);
    const kept = readdirSync(path.join(project.dir, ".floe/dbt-cloud-cache/70403105000001"));
    expect(kept.sort()).toEqual(["manifest.json", "metadata.json", "run_results.json"]);
  });

  test.each<FaultKind>([{ kind: "status", status: 503 }, { kind: "html200" }, { kind: "reset" }])(
    "an artifact that does not come at once ($kind) is fetched again",
    async (fault) => {
      emulator.fault({ ...fault, match: /run_results\.json$/ });
      expect((await run()).modelsRun).toBe(1);
      expect(emulator.count(/run_results\.json$/)).toBe(2);
    },
  );

  test("an artifact that is no whole JSON, whenever it is asked for, is an error", async () => {
    emulator.behaviours = [{ artifacts: { "manifest.json": '{"metadata": {' } }];
    expect((await failure(run())).message).toContain("no whole JSON");
  });

  test("say which commit they are of, and what the working tree has that they have not", async () => {
    const head = await commitAll(project.dir);
    emulator.behaviours = [{}];
    await project.write("models/a.sql", "select 2 as id\n");
    const result = await run();
    expect(result.metadata).toMatchObject({
      commit: "c0ffee00c0ffee00c0ffee00c0ffee00c0ffee00",
      differs_from_working_tree: true,
      changed_files: 1,
    });
    expect(made.notices()).toContain(
      `dbt Cloud used commit c0ffee0; your working tree is at ${head.slice(0, 7)}, with 1 changed file.`,
    );
  });
});

describe("the environment's manifest", () => {
  const job = emulatedJobs.nightly;
  const finished = async () => {
    emulator.startRun(job, { cause: "schedule", steps_override: ["dbt build"] });
    const started = emulator.runs.at(-1)!;
    for (let at = 0; at < 4; at += 1) {
      await fetch(`${emulator.url}/api/v2/accounts/70403103900042/runs/${started.id}/`, {
        headers: { authorization: `Bearer ${emulatedToken}`, "user-agent": "floe-dbt/test" },
      });
    }
    return started;
  };

  test("that is not there yet: whose it would be, and what to do", async () => {
    for (const what of ["getManifest", "getRunResults"] as const) {
      const error = await failure(made.plugin[what](ref()));
      expect(error).toBeInstanceOf(DbtConfigurationError);
      expect(error.message).toMatch(
        /^No run of environment \d+ .* manifest\.json yet\. Compile the project first/,
      );
    }
  });

  test("is the newest good run's; kept for offline, with its age; fetched anew only when there is a newer one", async () => {
    const first = await finished();
    const update = await made.plugin.manifestUpdate!(ref(), null);
    expect(update).toMatchObject({
      token: `run ${first.id}`,
      file: expect.stringContaining(String(first.id)) as string,
    });
    const before = emulator.requests.length;
    expect(await made.plugin.manifestUpdate!(ref(), update.token)).toEqual({
      token: update.token,
      changed: {},
    });
    expect(emulator.requests).toHaveLength(before);

    clock.advance(61_000);
    const second = await finished();
    const downloads = emulator.count(/artifacts/);
    expect((await made.plugin.manifestUpdate!(ref(), update.token)).token).toBe(`run ${second.id}`);
    clock.advance(61_000);
    await made.plugin.manifestUpdate!(ref(), null);
    expect(emulator.count(/artifacts/)).toBe(downloads + 2);

    clock.advance(3 * 24 * 3_600_000);
    emulator.fault({ kind: "reset", match: /./, times: 100 });
    expect(await made.plugin.getManifest(ref(), made.call())).toHaveProperty("nodes");
    expect(made.notices().join("\n")).toMatch(
      /cannot be asked, so this is run 70403105000011 as it was kept, 3 days old/,
    );
  });

  test("without any run is a configuration error that says what to do", async () => {
    const error = await failure(made.plugin.getManifest(ref()));
    expect(error).toBeInstanceOf(DbtConfigurationError);
    expect(error.message).toContain("Compile the project first");
  });

  test("of another host with a run of the same number is another: neither is taken for the other", async () => {
    await using elsewhere = await CloudEmulator.start({ clock });
    await using theirs = cloudPluginOn(elsewhere, { clock });
    elsewhere.behaviours = [{ artifacts: { "manifest.json": '{"metadata": {}, "whose": "theirs"}' } }];
    await theirs.plugin.runModels(ref());
    await run();
    expect(elsewhere.runs[0]!.id).toBe(emulator.runs[0]!.id);
    expect(await made.plugin.getManifest(ref())).not.toHaveProperty("whose");
    expect(await theirs.plugin.getManifest(ref())).toHaveProperty("whose", "theirs");
    // Each is still there when neither can be asked.
    clock.advance(3_600_000);
    for (const each of [emulator, elsewhere]) each.fault({ kind: "reset", match: /./, times: 100 });
    expect(await made.plugin.getManifest(ref())).not.toHaveProperty("whose");
    expect(await theirs.plugin.getManifest(ref())).toHaveProperty("whose", "theirs");
  });

  test("a cache that is not to be used is not", async () => {
    await finished();
    await using without = cloudPluginOn(emulator, { clock, noCache: true });
    await without.plugin.getManifest(ref());
    clock.advance(61_000);
    await without.plugin.getManifest(ref());
    expect(emulator.count(/manifest\.json/)).toBe(2);
  });
});

test("a run of n looks makes n requests and four more", async () => {
  for (const looks of [3, 30]) {
    emulator.behaviours = [{ statuses: [...Array<number>(looks - 1).fill(3), 10] }];
    const before = emulator.requests.length;
    await run();
    expect(emulator.count(look)).toBeGreaterThanOrEqual(looks);
    expect(emulator.requests.length - before).toBe(looks + 4);
  }
  // Less and less often, but never further apart than three times the interval.
  expect(Math.max(...clock.slept)).toBeLessThanOrEqual(5_000 * 3 * 1.2);
});

test.each([
  [0, 0.8],
  [1, 1.2],
])("pauses are jittered by a fifth (random %d)", async (random, factor) => {
  clock.random = () => random;
  emulator.fault({ kind: "status", status: 503, match: look });
  emulator.behaviours = [{ statuses: [3, 3, 10] }];
  await run();
  // The retry, two looks while it runs.
  expect(clock.slept).toEqual([1_000, 5_000, 7_500].map((pause): unknown => expect.closeTo(pause * factor)));
});
