import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { readFile, rm } from "node:fs/promises";
import path from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import * as z from "zod";
import { type BuiltProduct, buildProduct } from "../harness/builtProduct.ts";
import { dbtProject, threeModels, type TestProject } from "../harness/dbtProject.ts";
import { testPython } from "../harness/environment.ts";

const python = testPython();
let product: BuiltProduct;
let project: TestProject;

/** Runs the built command line as a user would. Never rejects. */
function floeDbt(...args: string[]) {
  return new Promise<{ code: number; stdout: string; stderr: string }>((resolve) => {
    execFile(
      process.execPath,
      [product.cli, ...args],
      { cwd: project.dir, env: { ...process.env, NO_COLOR: "1" }, maxBuffer: 64_000_000 },
      (error, stdout, stderr) => resolve({ code: error ? Number(error.code) : 0, stdout, stderr }),
    );
  });
}

/** ADR-0043's DBTCompilationResult, to the letter. */
const compilationResult = z.strictObject({
  success: z.boolean(),
  manifest_path: z.string(),
  run_results_path: z.string(),
  catalog_path: z.string().nullable(),
  execution_time_seconds: z.number(),
  models_run: z.number(),
  tests_run: z.number(),
  failures: z.number(),
  metadata: z.record(z.string(), z.unknown()),
});

/** One project, and each test goes on from what the one before left: dbt's start is what costs here. */
describe("floe-dbt", () => {
  beforeAll(async () => {
    product = await buildProduct();
    project = await dbtProject({
      ...threeModels,
      "models/a.sql": "select 1 as id, 10 as amount\n",
      "models/units.yml":
        "unit_tests:\n  - name: a_is_one_row\n    model: a\n    given: []\n    expect:\n      rows:\n        - {id: 1, amount: 10}\n",
      "models/endless.sql": "select count(*) as n from range(100000000) as x, range(100000000) as y\n",
    });
  });
  afterAll(async () => {
    await project[Symbol.asyncDispose]();
    await product[Symbol.asyncDispose]();
  });

  test("says its version", async () => {
    const { version } = z
      .object({ version: z.string() })
      .parse(JSON.parse(await readFile(new URL("../../package.json", import.meta.url), "utf8")));
    expect(await floeDbt("--version")).toEqual({ code: 0, stdout: `${version}\n`, stderr: "" });
  });

  test.each(["cli", "server"] as const)("an older Node is told what %s needs", async (entry) => {
    const pretend =
      'Object.defineProperty(process, "versions", { value: { ...process.versions, node: "20.1.0" } })';
    await project.write("older.cjs", pretend);
    const args = ["--require", project.file("older.cjs"), product[entry], "--stdio"];
    await expect(promisify(execFile)(process.execPath, args)).rejects.toMatchObject({
      code: 2,
      stderr: "floe-dbt needs Node 22 or newer; this is Node 20.1.0.\n",
    });
    await rm(project.file("older.cjs"));
  });

  test("help says what each exit code means, and nothing of the program's own defaults", async () => {
    expect((await floeDbt("--help")).stdout).toMatch(/^ {2}2 +it could not run/m);
    expect((await floeDbt("run", "--help")).stdout).not.toMatch(/default: (\[|false)/);
  });

  test("an option of dbt itself is told its place", async () => {
    const { code, stderr } = await floeDbt("run", "--fail-fast");
    expect(stderr).toMatch(
      /unknown option '--fail-fast'\nIf it is .* of dbt: floe-dbt run -- --fail-fast\n$/,
    );
    expect(code).toBe(2);
  });

  test.skipIf(process.platform === "win32")("a folder that is gone is said to be", async () => {
    const gone = project.file("gone");
    const command = `mkdir "${gone}" && cd "${gone}" && rmdir "${gone}" && "${process.execPath}" "${product.cli}" run`;
    await expect(promisify(execFile)("sh", ["-c", command])).rejects.toMatchObject({
      code: 2,
      stderr: "floe-dbt: The folder this was started in is not there any more.\n",
    });
  });

  test("several projects are named, and no mistake of theirs is told", async () => {
    const other = await project.write("../other/dbt_project.yml", "name: other\n");
    const cwd = path.resolve(project.dir, "..");
    await expect(promisify(execFile)(process.execPath, [product.cli, "run"], { cwd })).rejects.toMatchObject({
      code: 2,
      stderr: "floe-dbt: There are 2 dbt projects here. Name one with --project-dir:\n  other\n  shop\n",
    });
    await rm(path.dirname(other), { recursive: true });
  });

  test("manifest before anything was compiled exits 2 with one sentence", async () => {
    const { code, stdout, stderr } = await floeDbt("manifest");
    expect(stderr).toMatch(/^floe-dbt: There is no .*manifest\.json yet\. .*\n$/);
    expect([code, stdout]).toEqual([2, ""]);
  });

  test("build as json is the ADR's DBTCompilationResult; progress goes to stderr", async () => {
    const args = ["--python", python, "--exclude", "endless", "--format", "json"];
    const { code, stdout, stderr } = await floeDbt("build", ...args);
    expect(code).toBe(0);
    const result = compilationResult.parse(JSON.parse(stdout));
    expect(result).toMatchObject({
      success: true,
      manifest_path: project.file("target/manifest.json"),
      run_results_path: project.file("target/run_results.json"),
      models_run: 3,
      tests_run: 3,
      failures: 0,
    });
    expect(stderr).toMatch(/^\d\/[67] ok {4}seed raw_orders · \d+\.\d\d s/m);
    // dbt's own count of the nodes leaves the unit test out.
    expect(stderr).toMatch(/^7\/7 ok /m);
  });

  test("what fails is printed with its place, and exits 1", async () => {
    await project.write(
      "models/b.sql",
      "select\n    id,\n    no_such_column as amount\nfrom {{ ref('a') }}\n",
    );
    const { code, stdout, stderr } = await floeDbt("run", "--python", python, "--select", "b+", "misspelt");
    expect(stdout).toMatch(/^ERROR b models\/b\.sql:3$/m);
    expect(stdout).toContain("no_such_column");
    expect(stderr).toMatch(/^The selection criterion 'misspelt' does not match any enabled nodes$/m);
    expect(stdout).toMatch(/^dbt run --select 'b\+ misspelt': 2 nodes, 1 had an error, 1 skipped\.$/m);
    expect(code).toBe(1);
  });

  test("a project that dbt cannot read exits 2 and says why", async () => {
    await project.write("models/b.sql", "select * from {{ ref('nowhere') }}\n");
    const { code, stdout, stderr } = await floeDbt("compile", "--python", python);
    expect(stderr).toMatch(/^floe-dbt: .*nowhere/ms);
    expect([code, stdout]).toEqual([2, ""]);
    await project.write("models/b.sql", threeModels["models/b.sql"]!);
  });

  test("list prints names, ids or JSON of what is selected", async () => {
    const args = ["list", "--python", python, "--select", "a", "b,resource_type:model"];
    const { code, stdout } = await floeDbt(...args, "--format", "json");
    expect(JSON.parse(stdout)).toContainEqual({
      unique_id: "model.shop.b",
      name: "b",
      resource_type: "model",
      package_name: "shop",
      file_path: project.file("models/b.sql"),
    });
    expect(code).toBe(0);
  });

  test("manifest prints the path, or the manifest", async () => {
    expect(await floeDbt("manifest")).toEqual({
      code: 0,
      stdout: `${project.file("target/manifest.json")}\n`,
      stderr: "",
    });
    await project.write(".env", "DBT_TARGET_PATH=elsewhere\n");
    const elsewhere = project.file("elsewhere/manifest.json");
    expect((await floeDbt("manifest")).stderr).toBe(
      `floe-dbt: There is no ${elsewhere} yet. Compile the project first: floe-dbt compile.\n`,
    );
    await rm(project.file(".env"));
    const { stdout } = await floeDbt("manifest", "--format", "json");
    expect(JSON.parse(stdout)).toHaveProperty(["nodes", "model.shop.a"]);
  });

  test.skipIf(process.platform === "win32")("a reader that has seen enough is no error", async () => {
    const command = `"${process.execPath}" "${product.cli}" manifest --format json | head -c 1; exit "\${PIPESTATUS[0]}"`;
    const { stdout, stderr } = await promisify(execFile)("bash", ["-c", command], { cwd: project.dir });
    expect([stdout, stderr]).toEqual(["{", ""]);
  });

  test("doctor says what is in use, and exits 1 where dbt cannot work", async () => {
    const good = await floeDbt("doctor", "--python", python);
    expect(good.stdout).toContain(`dbt-core: 1.`);
    expect(good.code).toBe(0);
    const bad = await floeDbt("doctor", "--python", project.file("no-python"), "--format", "json");
    const { projects } = z
      .object({ projects: z.array(z.object({ problems: z.array(z.object({ severity: z.string() })) })) })
      .parse(JSON.parse(bad.stdout));
    expect(projects[0]?.problems).toContainEqual(expect.objectContaining({ severity: "error" }));
    expect(bad.code).toBe(1);
  });

  test.each([
    [
      "a name without --select",
      ["run", "customers"],
      /^floe-dbt: "customers" is no .* use --select customers/,
    ],
    [
      "a selection that came out empty",
      ["run", "--select", ""],
      /^floe-dbt: --select is empty\. .*leave it out/,
    ],
    ["an empty list", ["list", "-s", " ", ""], /^floe-dbt: --select is empty\./],
    ["an unknown target", ["run", "--target", "prod"], /no target "prod".* It has: dev, other\./],
    ["no project", ["run", "--project-dir", "models"], /There is no dbt_project\.yml in/],
    ["no Python", ["run", "--python", "nowhere/python"], /nowhere\/python/],
  ])("%s exits 2 with one sentence", async (_name, args, sentence) => {
    const { code, stdout, stderr } = await floeDbt(...args);
    expect(stderr).toMatch(sentence);
    expect(stderr.trim().split("\n")).toHaveLength(1);
    expect([code, stdout]).toEqual([2, ""]);
  });

  test.skipIf(process.platform === "win32")("Ctrl-C ends dbt, exits 130 and leaves no process", async () => {
    const args = ["run", "--python", python, "--select", "a", "endless", "--", "--threads=1"];
    const child = spawn(process.execPath, [product.cli, ...args], { cwd: project.dir });
    const exited = once(child, "exit");
    let said = "";
    await new Promise<void>((resolve) => {
      child.stderr.on("data", (chunk: Buffer) => {
        said += chunk.toString();
        if (said.includes("model a")) resolve();
      });
    });
    child.kill("SIGINT");
    expect(await exited).toEqual([130, null]);
    expect(said).toMatch(/Interrupted\.\n$/);
    const { stdout } = await promisify(execFile)("ps", ["-eo", "args"]);
    expect(stdout.split("\n").filter((each) => each.includes(project.dir))).toEqual([]);
  });
});
