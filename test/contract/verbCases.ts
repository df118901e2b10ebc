import { existsSync } from "node:fs";
import { readFile, stat, writeFile } from "node:fs/promises";
import { describe, expect, test } from "vitest";
import type { DbtEvent } from "../../server/plugins/dbtPlugin.ts";
import { DbtConfigurationError, DbtError, DbtExecutionError } from "../../server/plugins/errors.ts";
import { threeModels, type TestProject } from "../harness/dbtProject.ts";
import type { ContractSubject } from "./contractSubject.ts";
import { sharedSubject } from "./sharedSubject.ts";

const refOf = (project: TestProject) => ({ projectDir: project.dir, profilesDir: project.dir });

/** A seed, a snapshot of it, models with a test that fails between them. */
const wholeShop: Record<string, string> = {
  ...threeModels,
  "models/a.sql": "select id, amount from {{ ref('raw_orders') }}\n",
  "models/b.sql": "{{ config(materialized='view') }}\nselect id, amount from {{ ref('a') }}\n",
  "models/schema.yml": `version: 2
models:
  - name: a
    columns:
      - name: amount
        data_tests:
          - accepted_values:
              arguments: { values: [10, 20] }
              name: amounts_are_known
`,
  "snapshots/orders.sql":
    "{% snapshot orders_history %}\n{{ config(target_schema='main', unique_key='id', strategy='check', check_cols='all') }}\nselect * from {{ ref('raw_orders') }}\n{% endsnapshot %}\n",
};
/** The same for dbt before 1.10, which knows no \`arguments\`. */
export const olderShop: Record<string, string> = {
  ...wholeShop,
  "models/schema.yml": wholeShop["models/schema.yml"]!.replace(
    "arguments: { values: [10, 20] }",
    "values: [10, 20]",
  ),
};

interface Node {
  unique_id: string;
  status: string;
  rows_affected: number | null;
  failures: number | null;
  file: string | null;
  compiled_path: string | null;
}
const nodesOf = (metadata: Record<string, unknown>) => metadata["nodes"] as Node[];

async function failure(work: Promise<unknown>): Promise<DbtError> {
  const error: unknown = await work.then(
    () => null,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(DbtError);
  return error as DbtError;
}

/** The verbs beyond the ADR's, each where the plugin says it has it. */
export function verbCases(subject: ContractSubject): void {
  const capabilities = subject.make().plugin.capabilities;
  const elsewhere = subject.expects.elsewhere === true;
  const testHere = test.skipIf(elsewhere);

  describe(`${subject.name}: further verbs`, () => {
    const shared = sharedSubject(subject);

    test.runIf(capabilities.has("build"))(
      "build does all in order, a failing test skips what is below it, and every event and number is there",
      async () => {
        const { project, made } = await shared.begin(wholeShop);
        const events: DbtEvent[] = [];
        const built = await made.plugin.build!(
          refOf(project),
          {},
          { onEvent: (event) => events.push(event) },
        );
        expect(built).toMatchObject({ success: false, modelsRun: 1, testsRun: 1, failures: 1 });
        const statuses = Object.fromEntries(
          nodesOf(built.metadata).map(({ unique_id, status }) => [
            unique_id.split(".").slice(0, 3).join("."),
            status,
          ]),
        );
        expect(statuses).toEqual({
          "seed.shop.raw_orders": "success",
          "model.shop.a": "success",
          "snapshot.shop.orders_history": "success",
          "test.shop.amounts_are_known": "fail",
          "model.shop.b": "skipped",
          "model.shop.c": "skipped",
        });
        const failed = nodesOf(built.metadata).find(({ status }) => status === "fail");
        expect(failed).toMatchObject({ failures: 1, file: project.file("models/schema.yml") });
        const a = nodesOf(built.metadata).find(({ unique_id }) => unique_id === "model.shop.a");
        expect(a?.file).toBe(project.file("models/a.sql"));
        if (!elsewhere) expect(await readFile(a!.compiled_path!, "utf8")).toContain("raw_orders");

        const total = events.find(({ type }) => type === "nodesTotal");
        expect(total).toEqual(subject.expects.saysNoTotal ? undefined : { type: "nodesTotal", total: 6 });
        const started = events.filter((event) => event.type === "nodeStarted");
        const finished = events.filter((event) => event.type === "nodeFinished");
        expect(started.map(({ uniqueId }) => uniqueId).sort()).toEqual(
          nodesOf(built.metadata)
            .map(({ unique_id }) => unique_id)
            .sort(),
        );
        expect(finished.map(({ uniqueId }) => uniqueId).sort()).toEqual(
          started.map(({ uniqueId }) => uniqueId).sort(),
        );
        expect(finished.find(({ status }) => status === "fail")).toMatchObject({
          failures: 1,
          message: expect.stringContaining("1") as string,
          node: { name: "amounts_are_known", resourceType: "test" },
        });
        const aStart = events.findIndex(
          (each) => each.type === "nodeStarted" && each.uniqueId === "model.shop.a",
        );
        const aEnd = events.findIndex(
          (each) => each.type === "nodeFinished" && each.uniqueId === "model.shop.a",
        );
        expect(aStart).toBeLessThan(aEnd);
        const lines = events.filter((event) => event.type === "log");
        if (!elsewhere) expect(lines.some(({ uniqueId }) => uniqueId === "model.shop.a")).toBe(true);
        expect(JSON.stringify(lines)).not.toContain("\\u001b");
      },
    );

    test.runIf(capabilities.has("seed") && capabilities.has("snapshot"))(
      "seed and snapshot do that and no more; compileSelection compiles a part and touches no table",
      async () => {
        const { project, made } = await shared.begin(wholeShop);
        const seeded = await made.plugin.seed!(refOf(project), { fullRefresh: true });
        expect(seeded).toMatchObject({ success: true, modelsRun: 0, testsRun: 0 });
        expect(nodesOf(seeded.metadata)).toMatchObject([
          { unique_id: "seed.shop.raw_orders", file: project.file("seeds/raw_orders.csv") },
        ]);
        const taken = await made.plugin.snapshot!(refOf(project));
        expect(nodesOf(taken.metadata).map(({ unique_id }) => unique_id)).toEqual([
          "snapshot.shop.orders_history",
        ]);
        if (!capabilities.has("compileSelection")) return;
        const compiled = await made.plugin.compileSelection!(refOf(project), { select: "b" });
        expect(compiled).toMatchObject({ success: true, failures: 0 });
        expect(nodesOf(compiled.metadata).map(({ unique_id }) => unique_id)).toEqual(["model.shop.b"]);
        expect(existsSync(project.file("target/run/shop/models/b.sql"))).toBe(false);
        if (elsewhere) return;
        expect(await readFile(project.file("target/compiled/shop/models/b.sql"), "utf8")).toContain('"a"');
      },
    );

    test.runIf(capabilities.has("deps"))(
      "packages that are not installed are never installed unasked: the error offers it, deps does it",
      async () => {
        const { project, made } = await shared.begin({
          ...threeModels,
          "packages.yml": "packages:\n  - local: ../extra\n",
          "../extra/dbt_project.yml": 'name: extra\nversion: "1.0"\n',
        });
        const error = await failure(made.plugin.compileProject(refOf(project)));
        expect(error).toBeInstanceOf(DbtConfigurationError);
        expect(error.filePath).toBe(project.file("packages.yml"));
        expect(error.remedy).toEqual({
          title: "Install packages",
          command: "floeDbt.installPackages",
          arguments: [project.dir],
        });
        expect(existsSync(project.file("dbt_packages"))).toBe(false);
        await made.plugin.deps!(refOf(project));
        expect(existsSync(project.file("dbt_packages/extra"))).toBe(true);
        await made.plugin.compileProject(refOf(project));
        await project.write("packages.yml", "packages:\n  - local: ../not-there\n");
        expect((await failure(made.plugin.deps!(refOf(project)))).message).toContain("not-there");
      },
    );

    test.runIf(capabilities.has("listNodes"))(
      "lists what a selection selects, and leaves the user's target alone",
      async () => {
        const { project, made } = await shared.begin(wholeShop);
        const list = async (select?: string, exclude?: string) =>
          (
            await made.plugin.listNodes!(refOf(project), {
              ...(select && { select }),
              ...(exclude && { exclude }),
            })
          )
            .map(({ name }) => name)
            .sort();
        expect(await list("a+", "c")).toEqual(["a", "amounts_are_known", "b"]);
        expect(await list("zzz")).toEqual([]);
        const [a] = await made.plugin.listNodes!(refOf(project), {
          select: "path:models/a.sql,resource_type:model",
        });
        expect(a).toEqual({
          uniqueId: "model.shop.a",
          name: "a",
          resourceType: "model",
          packageName: "shop",
          filePath: project.file("models/a.sql"),
        });
        expect(existsSync(project.file("target"))).toBe(false);
        const malformed = await failure(made.plugin.listNodes!(refOf(project), { select: "nonsense:x" }));
        expect(malformed.message).toContain("nonsense");
      },
    );

    test.runIf(capabilities.has("build"))(
      "variables and further options reach dbt; what it does not take is a configuration error",
      async () => {
        const { project, made } = await shared.begin({
          ...threeModels,
          "models/a.sql": "select {{ var('amount', 1) }} as id, 2 as amount\n",
          "tests/is_seven.sql": "select * from {{ ref('a') }} where id <> 7\n",
        });
        const run = await made.plugin.build!(refOf(project), {
          select: "a is_seven",
          vars: '{"amount": 7}',
          flags: ["--fail-fast", "--threads=2"],
        });
        expect(run).toMatchObject({ success: true, modelsRun: 1, testsRun: 2 });
        const vars = await failure(made.plugin.build!(refOf(project), { vars: "{nonsense" }));
        expect(vars).toBeInstanceOf(DbtConfigurationError);
        expect(vars.message).toContain("vars");
        const option = await failure(made.plugin.build!(refOf(project), { flags: ["--zork=1"] }));
        expect(option.message).toContain("--zork");
      },
    );

    testHere(
      "a run that fails before its first node is an error, whatever an earlier run left in run_results.json",
      async () => {
        const { project, made } = await shared.begin({
          ...threeModels,
          "models/a.sql": "select 1 as id, 2 as amount\n",
        });
        await made.plugin.runModels(refOf(project), { select: "a" });
        const before = await stat(project.file("target/run_results.json"));
        await project.write("models/b.sql", "select * from {{ ref('nope') }}\n");
        const error = await failure(made.plugin.runModels(refOf(project), { select: "a" }));
        expect(error.message).toContain("nope");
        if (subject.expects.alwaysWritesRunResults) return;
        expect((await stat(project.file("target/run_results.json"))).mtimeMs).toBe(before.mtimeMs);
      },
    );

    testHere("a macro that logs a megabyte is bounded, and said to be", async () => {
      const lines =
        "{% for i in range(12000) %}{{ log('line ' ~ i ~ ' ' ~ 'x' * 90, info=true) }}{% endfor %}";
      const { project, made } = await shared.begin({
        ...threeModels,
        "models/a.sql": `{% if execute %}{{ log('y' * 1000000, info=true) }}${lines}{% endif %}select 1 as id, 2 as amount\n`,
      });
      const events: DbtEvent[] = [];
      const run = await made.plugin.runModels(
        refOf(project),
        { select: "a" },
        { onEvent: (event) => events.push(event) },
      );
      expect(run).toMatchObject({ success: true, modelsRun: 1 });
      const logged = events.filter((event) => event.type === "log");
      expect(Math.max(...logged.map(({ message }) => message.length))).toBeLessThan(30_000);
      expect(logged.reduce((sum, { message }) => sum + message.length, 0)).toBeLessThan(1_200_000);
      expect(events.filter(({ type }) => type === "notice")).toHaveLength(1);
      expect(events.some(({ type }) => type === "nodeFinished")).toBe(true);
    });

    testHere("an artifact that is being written while it is read is read again", async () => {
      const { project, made } = await shared.begin({
        ...threeModels,
        "models/a.sql": "select 1 as id, 2 as amount\n",
      });
      await made.plugin.runModels(refOf(project), { select: "a" });
      const file = project.file("target/run_results.json");
      const whole = await readFile(file, "utf8");
      await writeFile(file, whole.slice(0, whole.length / 2));
      const reading = made.plugin.getRunResults(refOf(project));
      await writeFile(file, whole);
      expect(await reading).toHaveProperty("results.length", 1);
    });

    test.runIf(subject.lockDatabase !== undefined)(
      "a database that another process holds is the warehouse's own message, not a hang",
      async () => {
        const { project, made } = await shared.begin({
          ...threeModels,
          "models/a.sql": "select 1 as id, 2 as amount\n",
        });
        await using locked = await subject.lockDatabase!(project.file("shop.duckdb"));
        expect(locked).toBeDefined();
        const error = await failure(made.plugin.runModels(refOf(project), { select: "a" }));
        expect(error).toBeInstanceOf(DbtExecutionError);
        expect(error.message).toMatch(/lock/i);
      },
    );
  });
}
