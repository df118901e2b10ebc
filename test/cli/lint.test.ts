import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import * as z from "zod";
import { type BuiltProduct, buildProduct } from "../harness/builtProduct.ts";
import { defaultStorageDir } from "../../server/platform/storage.ts";
import { dbtProject, type Files, type TestProject } from "../harness/dbtProject.ts";
import { testEngine, testPython } from "../harness/environment.ts";
import { parseAhead } from "../harness/parsedAhead.ts";
import { pythonEnvironment } from "../worker/environments.ts";

const python = testPython();
let product: BuiltProduct;
/** What the command line keeps for the next one goes here, not to the user's own cache. */
let cache: string;
const cacheEnvironment = () => ({ ...process.env, XDG_CACHE_HOME: cache });
beforeAll(async () => {
  product = await buildProduct();
  cache = await mkdtemp(path.join(tmpdir(), "floe-dbt-cli-"));
});
afterAll(async () => {
  await product[Symbol.asyncDispose]();
  await rm(cache, { recursive: true, force: true, maxRetries: 10 });
});

/** Runs the built command line as a user would. Never rejects. */
function floeDbt(args: string[], cwd: string, env: NodeJS.ProcessEnv = {}) {
  return new Promise<{ code: number; stdout: string; stderr: string }>((resolve) => {
    execFile(
      process.execPath,
      [product.cli, ...args],
      { cwd, env: { ...cacheEnvironment(), ...env, NO_COLOR: "1" }, maxBuffer: 64_000_000 },
      (error, stdout, stderr) => resolve({ code: error ? Number(error.code) : 0, stdout, stderr }),
    );
  });
}

const planted = {
  "models/a.sql": "select 1 as id\n",
  "models/b.sql": "SELECT id,id  + 1 as next_id from {{ ref('a') }}\n",
  ".sqlfluff":
    "[sqlfluff]\ndialect = duckdb\ntemplater = dbt\nrules = LT01, CP01\n[sqlfluff:rules:capitalisation.keywords]\ncapitalisation_policy = lower\n",
};

/** A project that dbt has not read yet, but for its own macros: every command here is a start of dbt. */
async function plantedProject(more: Files = {}): Promise<TestProject> {
  const project = await dbtProject({ ...planted, ...more });
  const ref = { projectDir: project.dir, profilesDir: project.dir };
  await parseAhead(python, defaultStorageDir(cacheEnvironment()), ref);
  return project;
}

const jsonResult = z.object({
  total_issues: z.number(),
  errors: z.number(),
  warnings: z.number(),
  infos: z.number(),
  passed: z.boolean(),
  files_fixed: z.array(z.string()),
  files_skipped: z.array(z.object({ file_path: z.string(), reason: z.string() })),
  issues: z.array(
    z.object({
      file_path: z.string(),
      line: z.number(),
      column: z.number(),
      severity: z.string(),
      rule_code: z.string(),
      message: z.string(),
    }),
  ),
});

describe("floe-dbt lint", () => {
  test("json is the ADR's ProjectLintResult, and warnings pass", async () => {
    await using project = await plantedProject();
    const { code, stdout } = await floeDbt(["lint", "--python", python, "--format", "json"], project.dir);
    expect(code).toBe(0);
    const result = jsonResult.parse(JSON.parse(stdout));
    expect(result).toMatchObject({ errors: 0, passed: true, total_issues: result.issues.length });
    expect(result.issues.every((issue) => issue.file_path === project.file("models/b.sql"))).toBe(true);
    expect(new Set(result.issues.map((issue) => issue.rule_code))).toEqual(new Set(["LT01", "CP01"]));
  });

  test("without dbt a project with the Jinja templater is linted, and what is missing is said once", async () => {
    await using environment = await pythonEnvironment(/^(dbt|sqlfluff_templater)/);
    await using project = await dbtProject({
      ".sqlfluff": "[sqlfluff]\ndialect = duckdb\ntemplater = jinja\nrules = CP01\n",
      "models/b.sql": "SELECT 1 as id\n",
    });
    const { code, stdout, stderr } = await floeDbt(["lint", "--python", environment.python], project.dir);
    expect(stdout).toMatch(/1:10 {2}warning {2}CP01/);
    expect(stderr.match(/dbt-core is not installed/g)).toHaveLength(1);
    expect(code).toBe(0);
  });

  test("issues of severity error exit 1, and name the line", async () => {
    await using project = await plantedProject({ "models/c.sql": "select 1 as x\nfrom (((\n" });
    const { code, stdout } = await floeDbt(["lint", "--python", python, "models/c.sql"], project.dir);
    expect(stdout).toMatch(/^models\/c\.sql\n\s+2:\d+\s+error\s+PRS/m);
    expect(code).toBe(1);
  });

  test("more warnings than allowed exit 1, and say so in words", async () => {
    await using project = await plantedProject({
      ".sqlfluff": planted[".sqlfluff"].replace("CP01", "CP01, NOPE"),
    });
    const { code, stdout, stderr } = await floeDbt(
      ["lint", "--python", python, "--max-warnings", "1", "--format", "github"],
      project.dir,
    );
    expect(stdout).toMatch(/^::warning file=models\/b\.sql,line=1,col=1,title=CP01 [\w.]+.*::.+$/m);
    expect(code).toBe(1);
    expect(stderr).toMatch(/\d+ warnings, and --max-warnings allows 1\./);
    // What SQLFluff says of its configuration is said here, too.
    expect(stderr.match(/^warning: Tried to allowlist unknown rule references: \['NOPE'\]$/gm)).toHaveLength(
      1,
    );
  });

  test("--fix mends the files and leaves what it cannot", async () => {
    await using project = await plantedProject();
    const { code, stdout } = await floeDbt(
      ["lint", "--python", python, "--fix", "--format", "json"],
      project.dir,
    );
    expect(await readFile(project.file("models/b.sql"), "utf8")).toBe(
      "select id, id + 1 as next_id from {{ ref('a') }}\n",
    );
    const result = jsonResult.parse(JSON.parse(stdout));
    expect(result).toMatchObject({ total_issues: 0, files_fixed: [project.file("models/b.sql")] });
    expect(code).toBe(0);
    // So long a name leaves no room for the file that is written beside it, whoever writes.
    const long = await project.write(`models/${"l".repeat(230)}.sql`, "SELECT 1 as id\n");
    const refused = await floeDbt(
      ["lint", "--python", python, "--fix", "--format", "json", long],
      project.dir,
    );
    expect(jsonResult.parse(JSON.parse(refused.stdout))).toMatchObject({
      warnings: 1,
      passed: true,
      files_skipped: [{ file_path: long, reason: "not fixed: it cannot be written (ENAMETOOLONG)" }],
    });
    expect(refused.stderr).toContain("1 file could not be written.");
    expect(refused.code).toBe(1);
  });

  test.each([
    ["no project", ["lint"], /There is no dbt_project\.yml in/],
    ["no such path", ["lint", "models/none.sql"], /none\.sql does not exist/],
    ["no such folder", ["lint", "--project-dir", "nowhere"], /There is no dbt_project\.yml in .*nowhere/],
    ["no profiles", ["lint", "--profiles-dir", "nowhere"], /There is no profiles\.yml in .*nowhere/],
    ["a wrong format", ["lint", "--format", "xml"], /Allowed choices are text, json, sarif, github/],
    ["a negative limit", ["lint", "--max-warnings", "-1"], /whole number/],
  ])("%s exits 2 with one sentence", async (_name, args, sentence) => {
    await using folder = await dbtProject({ "dbt_project.yml": null, "profiles.yml": null });
    const { code, stdout, stderr } = await floeDbt(args, folder.dir);
    expect(stderr).toMatch(sentence);
    expect(stderr.trim().split("\n")).toHaveLength(1);
    expect(stdout).toBe("");
    expect(code).toBe(2);
  });

  test("a Python that is not there exits 2 and says which, once", async () => {
    await using project = await plantedProject();
    const missing = project.file("nowhere/python");
    const { code, stdout, stderr } = await floeDbt(["lint", "--python", missing], project.dir);
    expect(stderr.trim()).toBe(`floe-dbt: The Python of --python, ${missing}, does not exist.`);
    expect(stderr.trim().split("\n")).toHaveLength(1);
    expect(stdout).toBe("");
    expect(code).toBe(2);
  });

  test("a target that is unknown exits 2 and lists what there is", async () => {
    await using project = await plantedProject();
    const { code, stdout, stderr } = await floeDbt(["lint", "--target", "prod"], project.dir);
    expect(stderr.trim()).toBe(
      `floe-dbt: There is no target "prod" in profile "shop" of ${project.file("profiles.yml")}. It has: dev, other.`,
    );
    expect(stdout).toBe("");
    expect(code).toBe(2);
  });

  test("SQLFluff's configuration that cannot be read exits 2 and names the file", async () => {
    await using project = await plantedProject({ ".sqlfluff": "[sqlfluff]\ndialect = klingon\n" });
    const { code, stdout, stderr } = await floeDbt(["lint", "--python", python], project.dir);
    expect(stderr).toMatch(/^floe-dbt: .*\.sqlfluff: it names the dialect 'klingon'/);
    expect(stderr.trim().split("\n")).toHaveLength(1);
    expect(stdout).toBe("");
    expect(code).toBe(2);
  });

  test.each([
    [
      "a profile that is unknown",
      { "dbt_project.yml": "name: shop\nprofile: nope\n" },
      "dbt_project.yml",
      2,
      /There is no profile "nope" in .*profiles\.yml\. It has: shop\./,
    ],
    [
      "YAML that only dbt reads",
      { "models/schema.yml": "version: 2\nmodels:\n  - name: a\n   description: x\n" },
      "models/schema.yml",
      4,
      /Syntax error near line 4/,
    ],
  ])("%s never passes, nor is anything fixed", async (_name, files, file, line, message) => {
    await using project = await plantedProject(files);
    const args = ["lint", "--python", python, "--fix", "--format", "json"];
    const { code, stdout, stderr } = await floeDbt(args, project.dir);
    expect(code).toBe(1);
    const result = jsonResult.parse(JSON.parse(stdout));
    expect(result).toMatchObject({ passed: false, errors: 1, files_fixed: [] });
    expect(result.issues.find((issue) => issue.rule_code === "dbt")).toMatchObject({
      file_path: project.file(file),
      line,
      severity: "error",
      message: expect.stringMatching(message) as string,
    });
    expect(result.issues.map((issue) => issue.rule_code)).toContain("CP01");
    expect(result.files_skipped).toContainEqual({
      file_path: project.file("models/b.sql"),
      reason: expect.stringMatching(/^not fixed: dbt cannot read the project/) as string,
    });
    expect(await readFile(project.file("models/b.sql"), "utf8")).toBe(planted["models/b.sql"]);
    expect(stderr).toMatch(message);
  });

  test.each([
    ["an engine that is not there", ["--runtime", "fusion", "--dbt", "nowhere/dbt"], /nowhere.dbt/],
    ["dbt Cloud without an account", ["--runtime", "cloud"], /account_id/],
  ])("%s exits 2 and says what is missing", async (_name, args, words) => {
    await using project = await plantedProject();
    const { code, stderr } = await floeDbt(["run", ...args], project.dir);
    expect(stderr).toMatch(words);
    expect(code).toBe(2);
  });

  test("on the v2 engine its own mistakes are found, and it is said who lints", async () => {
    await using project = await dbtProject({ ...planted, "models/c.sql": "select {{ nope() }}\n" });
    const { dbt, env } = testEngine();
    const args = ["lint", "--runtime", "fusion", "--dbt", dbt, "--python", project.file("no-python")];
    const { code, stdout, stderr } = await floeDbt([...args, "--format", "json"], project.dir, env);
    const { issues } = jsonResult.parse(JSON.parse(stdout));
    expect(issues).toEqual([
      expect.objectContaining({ rule_code: "dbt1501", file_path: project.file("models/c.sql"), line: 1 }),
    ]);
    expect(stderr).toBe(
      "Linted by the engine's own checks; there is no SQLFluff in the project's Python environment.\n",
    );
    expect(code).toBe(1);
  });

  test("a folder above several projects lints each with its own configuration", async () => {
    await using both = await dbtProject({
      "dbt_project.yml": null,
      "profiles.yml": null,
      "one/dbt_project.yml": "name: one\nprofile: shop\n",
      "one/profiles.yml": "shop:\n  outputs:\n    dev: {type: duckdb, path: one.duckdb}\n  target: dev\n",
      "one/models/m.sql": "SELECT 1 as x\n",
      "one/.sqlfluff":
        "[sqlfluff]\ndialect = duckdb\nrules = CP01\n[sqlfluff:rules:capitalisation.keywords]\ncapitalisation_policy = lower\n",
      "two/dbt_project.yml": "name: two\nprofile: shop\n",
      "two/profiles.yml": "shop:\n  outputs:\n    dev: {type: duckdb, path: two.duckdb}\n  target: dev\n",
      "two/models/m.sql": "SELECT 1 as x\n",
      "two/.sqlfluff":
        "[sqlfluff]\ndialect = duckdb\nrules = CP01\n[sqlfluff:rules:capitalisation.keywords]\ncapitalisation_policy = upper\n",
    });
    const { stdout } = await floeDbt(["lint", "--python", python, "--format", "json"], both.dir);
    const places = jsonResult
      .parse(JSON.parse(stdout))
      .issues.map(({ file_path, column }) => [file_path, column]);
    expect(places).toEqual([
      [both.file("one/models/m.sql"), 1],
      [both.file("two/models/m.sql"), 10],
    ]);
  });
});
