import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { cloudAddress, discoveryUrls } from "../../server/plugins/cloud/cloudAddress.ts";
import type { NodeState } from "../../server/plugins/dbtPlugin.ts";
import {
  DbtAuthenticationError,
  DbtCancelledError,
  DbtConfigurationError,
  DbtExecutionError,
  DbtUnavailableError,
} from "../../server/plugins/errors.ts";
import {
  type CloudEmulator,
  emulatedAccount,
  emulatedJobs,
  emulatedToken,
} from "../harness/cloudEmulator/emulator.ts";
import { emulatorForEach } from "../harness/cloudEmulator/emulatorForEach.ts";
import type { Behaviour } from "../harness/cloudEmulator/emulatedRun.ts";
import type { FaultKind } from "../harness/cloudEmulator/faults.ts";
import { cloudPluginOn, type CloudPluginUnderTest } from "../harness/cloudEmulator/pluginOnEmulator.ts";
import type { TestProject } from "../harness/dbtProject.ts";
import type { FakeClock } from "../harness/fakeClock.ts";

/** The state of nodes in the environment, from the Discovery API: queries are held against its schema. No dbt, no waiting. */

const discovery = /^POST \/graphql$/;

let project: TestProject;
let clock: FakeClock;
let emulator: CloudEmulator;
let made: CloudPluginUnderTest;

emulatorForEach((its) => {
  ({ project, clock, emulator } = its);
  made = cloudPluginOn(emulator, { clock });
});
afterEach(async () => {
  await made[Symbol.asyncDispose]();
  expect(made.logged.join("\n")).not.toContain(emulatedToken);
});

const ref = () => ({ projectDir: project.dir });
const states = (signal?: AbortSignal) => made.plugin.nodeStates!(ref(), signal ? { signal } : {});
const stateOf = async (id: string): Promise<NodeState | undefined> =>
  (await states()).find(({ uniqueId }) => uniqueId === id);

/** A run of a schedule, with these artifacts. */
async function scheduled(behaviour: Behaviour): Promise<void> {
  emulator.behaviours = [behaviour];
  const { id } = emulator.startRun(emulatedJobs.nightly, {
    cause: "schedule",
    steps_override: ["dbt build"],
  });
  for (let look = 0; look < 4; look += 1) {
    await fetch(`${emulator.url}/api/v2/accounts/${emulatedAccount}/runs/${id}/`, {
      headers: { authorization: `Bearer ${emulatedToken}` },
    });
  }
  emulator.requests.length = 0;
}

const artifacts = (results: object[], sources: object[] = []) => ({
  "manifest.json": JSON.stringify({
    metadata: { dbt_version: "1.11.0", adapter_type: "duckdb" },
    nodes: Object.fromEntries(
      ["model.shop.a", "model.shop.b", "model.shop.c", "test.shop.unique_a", "seed.shop.s"].map((id) => [
        id,
        { name: id },
      ]),
    ),
    sources: { "source.shop.raw.orders": {}, "source.shop.raw.never": {} },
  }),
  "run_results.json": JSON.stringify({
    metadata: { generated_at: "2026-11-29T11:00:00Z" },
    args: { which: "build" },
    results,
  }),
  "sources.json": JSON.stringify({ metadata: { generated_at: "2026-11-29T11:00:00Z" }, results: sources }),
});
const good = artifacts([
  { unique_id: "model.shop.a", status: "success", execution_time: 1.5, message: "OK" },
]);

describe("the state of the environment's nodes", () => {
  test("is of runs, tests and freshness, with times and what was wrong", async () => {
    const completed = [{ name: "execute", completed_at: "2026-11-29T10:59:00Z" }];
    await scheduled({
      artifacts: artifacts(
        [
          {
            unique_id: "model.shop.a",
            status: "success",
            execution_time: 1.5,
            message: "OK",
            timing: completed,
          },
          { unique_id: "model.shop.b", status: "error", execution_time: 0, message: "Binder Error" },
          {
            unique_id: "test.shop.unique_a",
            status: "fail",
            execution_time: 0.2,
            failures: 3,
            message: null,
          },
        ],
        [
          {
            unique_id: "source.shop.raw.orders",
            status: "warn",
            max_loaded_at: "2026-11-28T09:30:00Z",
            snapshotted_at: "2026-11-29T10:58:00Z",
          },
        ],
      ),
    });
    expect((await states()).toSorted((a, b) => a.uniqueId.localeCompare(b.uniqueId))).toEqual([
      {
        uniqueId: "model.shop.a",
        status: "success",
        seconds: 1.5,
        message: null,
        at: Date.parse("2026-11-29T10:59:00Z"),
      },
      {
        uniqueId: "model.shop.b",
        status: "error",
        seconds: 0,
        message: "Binder Error",
        at: Date.parse("2026-11-29T11:00:00Z"),
      },
      {
        uniqueId: "source.shop.raw.orders",
        status: "warn",
        seconds: null,
        message: "newest row of 2026-11-28 09:30 UTC",
        at: Date.parse("2026-11-29T10:58:00Z"),
      },
      {
        uniqueId: "test.shop.unique_a",
        status: "fail",
        seconds: 0.2,
        message: "Got 3 results",
        at: Date.parse("2026-11-29T11:00:00Z"),
      },
    ]);
    expect(emulator.count(discovery)).toBe(1);
  });

  test("of 10,000 nodes comes in 20 pages of 500, and is not asked for again for as many minutes", async () => {
    const ids = Array.from({ length: 10_000 }, (_, at) => `model.shop.m${at}`);
    await scheduled({
      artifacts: {
        "manifest.json": JSON.stringify({
          metadata: {},
          nodes: Object.fromEntries(ids.map((id) => [id, { name: id }])),
        }),
        "run_results.json": JSON.stringify({
          metadata: {},
          args: { which: "build" },
          results: ids.map((unique_id) => ({ unique_id, status: "success", execution_time: 1 })),
        }),
      },
    });
    expect(new Set((await states()).map(({ uniqueId }) => uniqueId)).size).toBe(10_000);
    const sizes = emulator.requests
      .filter(({ path }) => path === "/graphql")
      .map(({ body }) => (body as { variables: { first: number } }).variables.first);
    expect(sizes).toEqual(Array<number>(20).fill(500));
    clock.advance(19 * 60_000);
    await states();
    expect(emulator.count(discovery)).toBe(20);
    clock.advance(61_000);
    await states();
    expect(emulator.count(discovery)).toBe(40);
  });

  test("is what a run of ours has left since, until somebody else's is newer", async () => {
    await scheduled({ artifacts: good });
    expect(await stateOf("model.shop.a")).toMatchObject({ status: "success", seconds: 1.5 });
    const results = [
      { unique_id: "model.shop.a", status: "error", execution_time: 2, message: "disk is full" },
    ];
    emulator.behaviours = [{ statuses: [3, 20], artifacts: artifacts(results) }];
    await made.plugin.runModels(ref(), { select: "a" }, made.call());
    // Still what was known of the Discovery API a moment ago.
    expect(await stateOf("model.shop.a")).toMatchObject({ status: "error", message: "disk is full" });
    clock.advance(3_600_000);
    const later = artifacts([{ unique_id: "model.shop.a", status: "success", execution_time: 9 }]);
    later["run_results.json"] = later["run_results.json"].replace(
      "2026-11-29T11:00:00Z",
      new Date(clock.now()).toISOString(),
    );
    await scheduled({ artifacts: later });
    expect(await stateOf("model.shop.a")).toMatchObject({ status: "success", seconds: 9 });
  });

  test("of an environment where nothing ever ran is none", async () => {
    await scheduled({ artifacts: good });
    const nobody = { data: { environment: null } };
    emulator.fault({ kind: "answer", text: JSON.stringify(nobody), match: discovery });
    expect(await states()).toEqual([]);
  });

  test("nulls and a cursor that comes again end it", async () => {
    await scheduled({ artifacts: good });
    const page = {
      pageInfo: { hasNextPage: true, endCursor: "again" },
      edges: [
        null,
        { node: null },
        { node: {} },
        { node: { uniqueId: "model.shop.x", model: null } },
        { node: { uniqueId: "model.shop.y", model: { lastRunStatus: "success", executionTime: "soon" } } },
        { node: { uniqueId: "source.shop.z", freshness: { freshnessStatus: "Pass" } } },
      ],
    };
    const answer = { data: { environment: { applied: { resources: page } } } };
    emulator.fault({ kind: "answer", text: JSON.stringify(answer), match: discovery, times: 100 });
    expect(new Map((await states()).map((state) => [state.uniqueId, state.status]))).toEqual(
      new Map([
        ["model.shop.y", "success"],
        ["source.shop.z", "pass"],
      ]),
    );
    expect(emulator.count(discovery)).toBe(2);
  });
});

describe("a Discovery API that is not well", () => {
  beforeEach(() => scheduled({ artifacts: good }));

  test.each<FaultKind>([
    { kind: "status", status: 500 },
    { kind: "status", status: 502, html: true },
    { kind: "reset" },
    { kind: "cut" },
    { kind: "truncated" },
    { kind: "stallBody" },
    { kind: "hang" },
    { kind: "empty200" },
    { kind: "wrongType" },
    { kind: "badGzip" },
    {
      kind: "answer",
      text: '{"data":null,"errors":[{"message":"x","extensions":{"code":"INTERNAL_SERVER_ERROR"}}]}',
    },
  ])("$kind $status passes", async (fault) => {
    if (fault.kind === "hang" || fault.kind === "stallBody") {
      await made[Symbol.asyncDispose]();
      made = cloudPluginOn(emulator, { clock, requestSeconds: 2 });
      await made.plugin.manifestUpdate!(ref(), null);
    }
    emulator.fault({ ...fault, match: discovery });
    expect(await stateOf("model.shop.a")).toMatchObject({ status: "success" });
    expect(emulator.count(discovery)).toBe(2);
  });

  test("an outage is bounded, and not asked about again at each look", async () => {
    emulator.fault({ kind: "status", status: 503, match: discovery, times: 100 });
    await expect(states()).rejects.toThrow(DbtUnavailableError);
    await expect(states()).rejects.toThrow(DbtUnavailableError);
    expect(emulator.count(discovery)).toBe(3);
    clock.advance(61_000);
    await expect(states()).rejects.toThrow(DbtUnavailableError);
    expect(emulator.count(discovery)).toBe(6);
  });

  test("too many requests stop its own requests, not those of the Admin API", async () => {
    emulator.fault({ kind: "status", status: 429, match: discovery });
    await expect(states()).rejects.toThrow(/too many requests.*5 min of rest/);
    clock.advance(61_000);
    expect((await made.plugin.remote!.overview(ref())).state).toBe("ready");
    await expect(states()).rejects.toThrow(/4 min of rest/);
    expect(emulator.count(discovery)).toBe(1);
    clock.advance(240_000);
    expect(await stateOf("model.shop.a")).toMatchObject({ status: "success" });
  });

  test("what it objects to is said", async () => {
    const errors = [{ message: 'Cannot query field "manifest" on type "AppliedState".' }];
    emulator.fault({ kind: "answer", text: JSON.stringify({ errors }), match: discovery });
    await expect(states()).rejects.toThrow(DbtExecutionError);
  });

  test("hanging, it is let go when nobody waits any more", async () => {
    emulator.fault({ kind: "hang", match: discovery });
    const abort = new AbortController();
    await made.plugin.manifestUpdate!(ref(), null);
    const asked = states(abort.signal);
    while (emulator.count(discovery) === 0) await new Promise((resolve) => setTimeout(resolve, 5));
    abort.abort();
    await expect(asked).rejects.toThrow(DbtCancelledError);
    expect(await stateOf("model.shop.a")).toMatchObject({ status: "success" });
  });

  test.each([
    ["a plain 403", { kind: "status", status: 403 }],
    ["a plain 401", { kind: "status", status: 401 }],
    [
      "errors with status 200",
      {
        kind: "answer",
        text: '{"errors":[{"message":"Forbidden resource","extensions":{"code":"FORBIDDEN"}}]}',
      },
    ],
  ] as [string, FaultKind][])(
    "a token without its permission (%s): the manifest is there, what is missing is said",
    async (_name, fault) => {
      emulator.fault({ ...fault, match: discovery, times: 100 });
      expect(await made.plugin.manifestUpdate!(ref(), null)).toHaveProperty("file");
      await expect(states()).rejects.toThrow(DbtAuthenticationError);
      await expect(states()).rejects.toThrow(/lacks the permission "Metadata Only"/);
      expect(emulator.count(discovery)).toBe(1);
    },
  );

  test("signing in says that a token lacks its permission; with one that has it the states are there at once", async () => {
    emulator.tokens.get(emulatedToken)!.noDiscovery = true;
    const { missing } = await made.plugin.remote!.signIn(ref(), emulatedToken);
    expect(missing).toEqual([expect.stringMatching(/lacks the permission "Metadata Only"/)]);
    await expect(states()).rejects.toThrow(DbtAuthenticationError);
    emulator.tokens.get(emulatedToken)!.noDiscovery = false;
    expect((await made.plugin.remote!.signIn(ref(), emulatedToken)).missing).toEqual([]);
    expect(await stateOf("model.shop.a")).toMatchObject({ status: "success" });
  });

  test("the token does not follow it to another origin", async () => {
    const visitors: string[] = [];
    const elsewhere = createServer((request, response) => {
      visitors.push(request.url ?? "");
      response.end("{}");
    });
    await new Promise<void>((resolve) => elsewhere.listen(0, "127.0.0.1", resolve));
    const to = `http://127.0.0.1:${(elsewhere.address() as AddressInfo).port}/`;
    emulator.fault({ kind: "redirect", status: 307, to, match: discovery });
    await expect(states()).rejects.toThrow(DbtConfigurationError);
    expect(visitors).toEqual([]);
    await new Promise((resolve) => elsewhere.close(resolve));
  });

  test("where it is not: the other address is tried, and remembered; with none, manifest.yaml can say it", async () => {
    await using moved = cloudPluginOn(emulator, {
      clock,
      config: { discoveryUrl: `${emulator.url}/elsewhere` },
    });
    await expect(moved.plugin.nodeStates!(ref())).rejects.toThrow(/discovery_url/);
    await using wrong = cloudPluginOn(emulator, { clock, config: { discoveryUrl: "http://example.org" } });
    await expect(wrong.plugin.nodeStates!(ref())).rejects.toThrow(/no address to send a token to/);
  });
});

test.each([
  [
    "https://ab123.us1.dbt.com",
    ["https://ab123.metadata.us1.dbt.com/graphql", "https://metadata.ab123.us1.dbt.com/graphql"],
  ],
  ["https://cloud.getdbt.com", ["https://metadata.cloud.getdbt.com/graphql"]],
  ["https://emea.dbt.com", ["https://metadata.emea.dbt.com/graphql"]],
])("the Discovery API of %s is looked for at %j", (base, urls) => {
  expect(discoveryUrls(cloudAddress(base, "7"), null)).toEqual(urls);
  expect(discoveryUrls(cloudAddress(base, "7"), "https://x.metadata.dbt.com")).toEqual([
    "https://x.metadata.dbt.com/graphql",
  ]);
  // The token is for dbt Cloud: a file that says otherwise is not followed.
  for (const stranger of [
    "https://dbt.com.example",
    "https://xdbt.com",
    "http://metadata.dbt.com",
    "http://127.0.0.1",
  ]) {
    expect(() => discoveryUrls(cloudAddress(base, "7"), stranger)).toThrow(/no address to send a token to/);
  }
});
