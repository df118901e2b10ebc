import { spawn } from "node:child_process";
import { readFile } from "node:fs/promises";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { DbtEvent, ProjectRef } from "../../server/plugins/dbtPlugin.ts";
import { DbtCancelledError, DbtExecutionError } from "../../server/plugins/errors.ts";
import { lineInWarehouseMessage } from "../../server/sql/warehousePosition.ts";
import { dbtProject, threeModels, type TestProject } from "../harness/dbtProject.ts";
import { postgresIsMissing, shopPassword, startPostgres, type PostgresServer } from "../harness/postgres.ts";
import { processesIn } from "../harness/processesIn.ts";
import type { ContractSubject, SubjectPlugin } from "./contractSubject.ts";
import { identityCases } from "./identityCases.ts";
import { localSubject } from "./localSubject.ts";

const missing = postgresIsMissing();
const title = missing === null ? "a second dialect" : `a second dialect (skipped: ${missing})`;

describe.skipIf(missing !== null)(title, () => {
  let server: PostgresServer;
  beforeAll(async () => {
    server = await startPostgres();
  });
  afterAll(() => server[Symbol.asyncDispose]());

  const local = localSubject("postgres");
  const subject: ContractSubject = {
    ...local,
    name: "local on PostgreSQL",
    warehouse: {
      adapter: "dbt-postgres",
      get files() {
        return { "profiles.yml": server.profilesYml };
      },
    },
    make: (options) => local.make({ ...options, env: { SHOP_PASSWORD: shopPassword, ...options?.env } }),
  };
  identityCases(subject);

  describe("local on PostgreSQL: the warehouse", () => {
    let project: TestProject;
    let made: SubjectPlugin;
    let ref: ProjectRef;
    beforeAll(async () => {
      project = await dbtProject({
        ...threeModels,
        ...subject.warehouse?.files,
        "models/a.sql": "select distinct on (id) id, amount from {{ ref('raw_orders') }} order by id\n",
        "models/deep.sql": "{{ config(materialized='ephemeral') }}\nselect * from {{ ref('a') }}\n",
        "models/b.sql": "with x as (select * from {{ ref('deep') }})\n\nselect x.id, x.amount from x\n",
        "models/slow.sql": "select 1 as id, pg_sleep(600)::text as slept\n",
        "tests/no_large_amount.sql": "select * from {{ ref('b') }} where amount > 15\n",
      });
      made = subject.make();
      ref = { projectDir: project.dir, profilesDir: project.dir };
    });
    afterAll(async () => {
      await made[Symbol.asyncDispose]();
      await project[Symbol.asyncDispose]();
    });
    const preview = (
      text: string,
      call: { signal?: AbortSignal; onEvent?: (event: DbtEvent) => void } = {},
    ) => made.plugin.preview!(ref, { path: project.file("models/b.sql"), text, limit: 5 }, call);

    test("builds: rows written are counted, a test that fails tells its rows, what follows it is skipped", async () => {
      const events: DbtEvent[] = [];
      const built = await made.plugin.build!(
        ref,
        { exclude: "slow" },
        { onEvent: (event) => events.push(event) },
      );
      expect(built).toMatchObject({ success: false, modelsRun: 2, testsRun: 3, failures: 1 });
      const nodes = built.metadata["nodes"] as Record<string, unknown>[];
      const of = (id: string) => nodes.find(({ unique_id }) => String(unique_id).startsWith(id));
      expect(of("seed.shop.raw_orders")).toMatchObject({ status: "success", rows_affected: 3 });
      expect(of("model.shop.a")).toMatchObject({
        status: "success",
        rows_affected: 3,
        relation_name: '"postgres"."main"."a"',
      });
      expect(of("test.shop.no_large_amount")).toMatchObject({
        status: "fail",
        failing_rows: 2,
        file: project.file("tests/no_large_amount.sql"),
      });
      expect(of("model.shop.c")).toMatchObject({ status: "skipped" });
      expect(events.filter(({ type }) => type === "nodeFinished")).toHaveLength(nodes.length);
      const compiled = await made.plugin.compileNode!(ref, { path: project.file("models/b.sql") });
      expect(compiled.sql).toBe(await readFile(project.file("target/compiled/shop/models/b.sql"), "utf8"));
      expect(compiled.sql).toContain('from "postgres"."main"."a"');
    });

    test("a preview shows every kind of value plainly, with its type", async () => {
      const { columns, rows } = await preview(`select
    1 as n, 9007199254740993::bigint as big, 1.50::numeric(9, 2) as price, 'NaN'::numeric as odd, 'NaN'::float8 as nan,
    '-Infinity'::float8 as endless, date '2026-01-31' as day, timestamptz '2026-01-31 10:00:00+00' as at,
    interval '1 day 02:03:04' as span, '{"a": [1, null, "é"]}'::jsonb as doc, '{"b": 1}'::json as old_doc,
    array[1, 2, null] as list, array['x', 'y,z'] as words, null as nothing, true as yes,
    '\\x00ff'::bytea as raw, '7d444840-9dc0-11d1-b245-5ffdce74fad2'::uuid as id\n`);
      expect(Object.fromEntries(columns.map(({ name }, at) => [name, rows[0]?.[at]]))).toEqual({
        n: 1,
        big: "9007199254740993",
        price: "1.50",
        odd: "NaN",
        nan: "nan",
        endless: "-inf",
        day: "2026-01-31",
        at: "2026-01-31 10:00:00+00:00",
        span: "1 day, 2:03:04",
        doc: '{"a": [1, null, "é"]}',
        old_doc: '{"b": 1}',
        list: "[1, 2, null]",
        words: '["x", "y,z"]',
        nothing: null,
        yes: true,
        raw: "\\x00ff",
        id: "7d444840-9dc0-11d1-b245-5ffdce74fad2",
      });
      expect(columns.map(({ type }) => type)).toEqual([
        ...["integer", "bigint", "numeric", "numeric", "double precision", "double precision", "date"],
        ...[
          "timestamp with time zone",
          "interval",
          "jsonb",
          "json",
          "integer[]",
          "text[]",
          "text",
          "boolean",
        ],
        ...["bytea", "uuid"],
      ]);
    });

    test("the warehouse's words name the line", async () => {
      const text = "select\n    id,\n    no_such_column\nfrom {{ ref('raw_orders') }}\n";
      const error: unknown = await preview(text).catch((reason: unknown) => reason);
      expect(error).toBeInstanceOf(DbtExecutionError);
      expect((error as Error).message).toMatch(/column "no_such_column" does not exist/);
      expect(lineInWarehouseMessage((error as Error).message, text)).toBe(2);
    });

    test("lints in the dialect of the profile's target", async () => {
      const linted = await made.plugin.lintProject(ref, {
        paths: [project.file("models/a.sql")],
        texts: new Map([
          [project.file("models/a.sql"), "select distinct on (id) id::int from {{ ref('b') }}\n"],
        ]),
      });
      expect(linted.issues).toEqual([]);
    });

    const asking =
      "{% set found = run_query('select count(*) from ' ~ ref('a')) %}\nselect {{ found.rows[0][0] }} as n\n";
    const compileAsking = () =>
      made.plugin.compileNode!(ref, { path: project.file("models/b.sql"), text: asking });

    test("what is asked while a model is compiled or linted holds no table that a run replaces", async () => {
      await using watching = await server.connect();
      const held =
        "select relation::regclass::text from pg_locks where relation = 'main.a'::regclass and pid <> pg_backend_pid()";
      expect((await compileAsking()).sql).toContain("select 3 as n");
      expect(await watching.query(held)).toEqual([]);
      const file = project.file("models/b.sql");
      await made.plugin.lintProject(ref, { paths: [file], texts: new Map([[file, asking]]) });
      expect(await watching.query(held)).toEqual([]);
    });

    test("a server that is gone is said to be, and used again when it is back", async () => {
      await server.stop();
      for (const work of [() => preview("select 1"), () => made.plugin.runModels(ref, { select: "a" })]) {
        const error: unknown = await work().catch((reason: unknown) => reason);
        expect(error).toBeInstanceOf(DbtExecutionError);
        expect((error as Error).message).toContain(
          `connection to server at "127.0.0.1", port ${server.port} failed: Connection refused`,
        );
      }
      expect((await compileAsking()).error?.message).toMatch(/connection/);
      await server.start();
      expect((await compileAsking()).sql).toContain("select 3 as n");
      expect((await preview("select 7 as n")).rows).toEqual([[7]]);
    });

    /** What the server does for dbt at this moment. */
    const sleeping =
      "select pid from pg_stat_activity where query like '%pg_sleep%' and state = 'active' and pid <> pg_backend_pid()";
    const connections =
      "select pid from pg_stat_activity where usename = 'shop' and backend_type = 'client backend' and pid <> pg_backend_pid()";
    const runSlow = (signal?: AbortSignal) =>
      made.plugin.runModels(ref, { select: "slow" }, signal ? { signal } : {});

    test.each([
      ["a preview is cancelled", (signal: AbortSignal) => preview("select pg_sleep(600)", { signal })],
      ["a run is cancelled", runSlow],
      ["all that runs is stopped, as with its window,", () => runSlow()],
    ])("when %s the server is told within two seconds, and nothing is left", async (what, begin) => {
      await using watching = await server.connect();
      // What a compile asked keeps its connection for a while; it does nothing.
      const others = new Set((await watching.query(connections)).flat());
      const left = async () => (await watching.query(connections)).flat().filter((pid) => !others.has(pid));
      const ended = () => made.logged.filter((line) => line.includes("Python runner for")).length;
      const endedBefore = ended();
      const abort = new AbortController();
      const outcome = begin(abort.signal).then(
        () => null,
        (reason: unknown) => reason,
      );
      await expect.poll(() => watching.query(sleeping), { timeout: 60_000 }).toHaveLength(1);
      const firedAt = performance.now();
      if (what.includes("stopped")) await made.plugin.stop(ref);
      else abort.abort();
      await expect.poll(() => watching.query(sleeping), { interval: 20, timeout: 20_000 }).toEqual([]);
      expect(performance.now() - firedAt).toBeLessThan(2000);
      expect(await outcome).toBeInstanceOf(DbtCancelledError);
      await expect.poll(left, { timeout: 5000 }).toEqual([]);
      expect(ended()).toBe(endedBefore + 1);
      expect(made.logged.join("\n")).not.toContain(shopPassword);
    });

    test("a run whose editor is killed does not go on, neither here nor at the server", async () => {
      await using watching = await server.connect();
      const parent = spawn(
        process.execPath,
        [path.join(import.meta.dirname, "runningParent.ts"), project.dir],
        // What it leaves in its temporary folder goes with the project.
        { stdio: "ignore", env: { ...process.env, TMPDIR: path.dirname(project.dir) } },
      );
      await expect.poll(() => watching.query(sleeping), { timeout: 60_000 }).toHaveLength(1);
      parent.kill("SIGKILL");
      await expect.poll(() => watching.query(connections), { timeout: 10_000 }).toEqual([]);
      await expect.poll(() => processesIn(project.dir), { timeout: 10_000 }).toEqual([]);
    });
  });
});
