import { existsSync } from "node:fs";
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { compileSide } from "../../server/compare/compileSide.ts";
import type { DbtEvent } from "../../server/plugins/dbtPlugin.ts";
import { findEngine } from "../../server/plugins/fusion/findEngine.ts";
import { createEngineProbe } from "../../server/plugins/fusion/probeEngine.ts";
import { runEngine } from "../../server/plugins/fusion/runEngine.ts";
import { RedactingLog } from "../../server/platform/log.ts";
import { createFusionPlugin } from "../../server/plugins/fusion/fusionPlugin.ts";
import { DbtCancelledError, DbtEnvironmentError } from "../../server/plugins/errors.ts";
import type { LiveStatus } from "../../server/projects/project.ts";
import { dbtProject, threeModels } from "../harness/dbtProject.ts";

/** Programs that call themselves dbt and are not what one hopes for. */
describe.skipIf(process.platform === "win32")("a binary that is not what it should be", () => {
  let dir: string;
  const logged: string[] = [];
  const log = new RedactingLog((level, message) => logged.push(`${level}: ${message}`));
  const env = { PATH: process.env.PATH };
  const probe = () => createEngineProbe({ log, env });

  beforeAll(async () => {
    dir = await mkdtemp(path.join(tmpdir(), "floe-dbt-engines-"));
  });
  afterAll(() => rm(dir, { recursive: true, force: true }));

  async function program(name: string, body: string, mode = 0o755): Promise<string> {
    const file = path.join(dir, name, "dbt");
    await mkdir(path.dirname(file), { recursive: true });
    await writeFile(file, `#!${process.execPath}\n${body}\n`);
    await chmod(file, mode);
    return file;
  }
  const engine = (version: string, more = ""): string =>
    `const verb = process.argv[2];
if (verb === "--version") console.log("dbt-fusion ${version}");
else if (process.argv.includes("--help")) console.log("Usage: dbt\\n  lint   Lint models\\n  --static-analysis");
${more}`;

  test("one that prints without end is let go, one that is no program or a folder is said to be", async () => {
    const loud = await program("loud", "for (;;) require('fs').writeSync(1, 'x'.repeat(1000) + '\\n')");
    expect(await probe()(loud)).toEqual({ failure: "prints without end when asked for its version" });
    const plain = await program("plain", "", 0o644);
    expect(await probe()(plain)).toEqual({ failure: "cannot be started (is it executable?)" });
    expect(await probe()(dir)).toEqual({ failure: "is a folder" });
    expect(await probe()(path.join(dir, "nothing"))).toEqual({ failure: "does not exist" });
  });

  test("one that hangs is given up after its time", async () => {
    const hanging = await program("hanging", "setInterval(() => {}, 1000)");
    const ask = createEngineProbe({ log, env, limitSeconds: 0.5 });
    expect(await ask(hanging)).toEqual({ failure: "did not answer within 0.5 s, twice" });
  });

  test("one that is slow when it is started first is asked once more; of a search that was cancelled nothing is remembered", async () => {
    const file = path.join(dir, "slow", "dbt");
    await mkdir(path.dirname(file));
    const asked = 'if [ ! -e "$0.seen" ]; then : > "$0.seen"; exec sleep 100; fi';
    const answers = 'echo "dbt-fusion 2.0.0"; echo "Usage: dbt"; echo "  lint   Lint models"';
    await writeFile(file, `#!/bin/sh\n${asked}\n${answers}\n`, { mode: 0o755 });
    const ask = createEngineProbe({ log, env, limitSeconds: 2 });
    expect(await ask(file)).toMatchObject({
      version: "2.0.0",
      features: new Set(["lint", "partialParse", "partialLoad"]),
    });

    const cancelled = new AbortController();
    const patient = createEngineProbe({
      log: new RedactingLog((_level, message) => {
        if (message.includes("--help")) cancelled.abort();
      }),
      env,
    });
    expect(await patient(file, cancelled.signal)).toEqual({ failure: "the search was cancelled" });
    const facts = await patient(file);
    expect("features" in facts && facts.features.has("partialParse")).toBe(true);
  });

  test("what it can is asked of it, and asked again once the file is another", async () => {
    const file = await program("changing", engine("2.0.0"));
    const ask = probe();
    const first = await ask(file);
    expect(first).toMatchObject({ version: "2.0.0", distribution: "dbt-fusion" });
    expect("features" in first && [...first.features]).toEqual([
      "lint",
      "staticAnalysis",
      "partialParse",
      "partialLoad",
    ]);
    await program("changing", engine("2.1.0", "// another file"));
    expect(await ask(file)).toMatchObject({ version: "2.1.0" });
    await rm(file);
    expect(await ask(file)).toEqual({ failure: "does not exist" });
  });

  test("dbt-core on PATH is passed by and named, the engine after it is taken", async () => {
    const core = await program("core", 'console.log("Core:\\n  - installed: 1.11.16\\n")');
    const real = await program("real", engine("2.0.0"));
    const found = await findEngine(
      null,
      {
        projectDir: path.join(dir, "project"),
        homeDir: path.join(dir, "home"),
        interpreter: null,
        env: { PATH: [path.dirname(core), path.dirname(real)].join(path.delimiter) },
      },
      probe(),
    );
    expect(found.facts?.dbt).toBe(real);
    expect(found.searched.find(({ found: what }) => what?.startsWith(core))?.found).toContain(
      "is dbt-core 1.11.16",
    );
    expect(found.searched.filter(({ chosen }) => chosen)).toHaveLength(1);
  });

  test("text between its log lines, unknown events and a broken line are passed over, counted and said once", async () => {
    const line = (name: string, msg: string, data: unknown = {}): string =>
      JSON.stringify({ info: { name, level: "info", msg, invocation_id: "1" }, data });
    const node = { unique_id: "model.shop.a", node_name: "a", resource_type: "model" };
    const lines = [
      "hello from a macro",
      line("NodeStart", "", { node_info: node }),
      line("BrandNewEvent", "x"),
      line("BrandNewEvent", "x"),
      '{"info": 3}',
      '{"info": {"name": "cut off',
      line("NodeFinished", "", { node_info: node, run_result: { status: "success", execution_time: 1 } }),
    ];
    const file = await program("odd", `for (const line of ${JSON.stringify(lines)}) console.log(line);`);
    const events: DbtEvent[] = [];
    const command = { dbt: file, verb: "run" as const, cwd: dir, env };
    const outcome = await runEngine(command, log, { onEvent: (event) => events.push(event) });
    expect(outcome.exitCode).toBe(0);
    expect(outcome.nodes.get("model.shop.a")).toMatchObject({ status: "success", seconds: 1 });
    expect(outcome.otherOutput).toContain("hello from a macro");
    const said = logged.filter((each) => each.includes("passed over"));
    expect(said).toHaveLength(1);
    expect(said[0]).toContain("BrandNewEvent (2)");
  });

  /** A plugin on a stand-in that does what `plan` says. */
  async function standIn(name: string, plan: Record<string, unknown>) {
    const script = path.join(import.meta.dirname, "standInEngine.mjs");
    const write = async (its: Record<string, unknown>): Promise<string> => {
      const file = await program(name, `void import(${JSON.stringify(script)});`);
      await writeFile(
        path.join(path.dirname(file), "plan.json"),
        JSON.stringify({ version: "2.0.0", ...its }),
      );
      return file;
    };
    const file = await write(plan);
    const storageDir = path.join(dir, name, "storage");
    const statuses: LiveStatus[] = [];
    const plugin = createFusionPlugin({
      log,
      storageDir,
      env,
      settingsOf: () => Promise.resolve({ enginePath: file }),
      onStatus: (_project, status) => statuses.push(status),
    });
    return {
      plugin,
      write,
      storageDir,
      statuses,
      [Symbol.asyncDispose]: () => plugin[Symbol.asyncDispose](),
    };
  }
  const generic = (level: "error" | "warn", text: string, data = {}) => ["Generic", level, text, data];

  test("dbt lint of a binary that has it: rules at their place in what is typed, and fixes, in the user's files only when asked", async () => {
    await using project = await dbtProject({ ...threeModels, ".sqlfluff": "[sqlfluff]\ndialect = duckdb\n" });
    await using made = await standIn("linting", {});
    const { plugin } = made;
    const ref = { projectDir: project.dir, profilesDir: project.dir };
    const [b, untidy] = [project.file("models/b.sql"), "select id   \nFROM {{ ref('a') }}\n"];
    const typed = await plugin.lintProject(ref, { paths: [b], texts: new Map([[b, untidy]]) });
    expect(typed.issues).toEqual([
      expect.objectContaining({
        filePath: b,
        line: 2,
        column: 1,
        ruleCode: "CP01",
        message: "Keywords must be lower case.",
        source: "dbt lint",
        docsUrl: "https://docs.sqlfluff.com/en/stable/perma/rule/CP01.html",
      }),
    ]);
    expect(made.statuses.at(-1)?.versions).toMatchObject({ "linted by": "dbt lint of dbt-fusion 2.0.0" });
    const mended = await plugin.fixText(ref, { path: b, text: untidy });
    expect(mended.text).toBe(untidy.replace("FROM", "from"));
    const formatted = await plugin.fixText(ref, { path: b, text: untidy, format: true });
    expect(formatted.text).toBe(untidy.replace("id   ", "id"));
    expect(await readFile(b, "utf8")).toBe(threeModels["models/b.sql"]);

    await project.write("models/b.sql", untidy);
    const fixed = await plugin.lintProject(ref, { fix: true });
    expect(fixed).toMatchObject({ filesFixed: [b], totalIssues: 0 });
    expect(await readFile(b, "utf8")).toBe(untidy.replace("FROM", "from"));
    const [folder = ""] = await readdir(made.storageDir);
    expect(await readdir(path.join(made.storageDir, folder, "whole", "project"))).toContain(".sqlfluff");
  });

  test("a lint, a compile and a list of what is typed wait for no run", async () => {
    await using project = await dbtProject(threeModels);
    const go = project.file("go");
    const node = { unique_id: "model.shop.a", node_name: "a", resource_type: "model" };
    const done = { node_info: node, run_result: { status: "success", execution_time: 1 } };
    await using made = await standIn("running", {
      waits: { run: go },
      lines: { run: [["NodeFinished", "debug", "", done]] },
    });
    const ref = { projectDir: project.dir, profilesDir: project.dir };
    const path_ = project.file("models/b.sql");
    let hasEnded = false;
    const started = Promise.withResolvers<DbtEvent>();
    const running = made.plugin
      .runModels(ref, {}, { onEvent: (event) => event.type === "nodeFinished" && started.resolve(event) })
      .finally(() => (hasEnded = true));
    await started.promise;
    const texts = new Map([[path_, "select 2"]]);
    expect(await made.plugin.lintProject(ref, { paths: [path_], texts })).toMatchObject({ passed: true });
    await made.plugin.compileNode!(ref, { path: path_, text: "select 3" }).catch(() => null);
    await made.plugin.listNodes!(ref);
    expect(hasEnded).toBe(false);
    await writeFile(go, "");
    expect(await running).toMatchObject({ success: true, modelsRun: 1 });
  });

  test("what has no place goes to its file, its node's, or dbt_project.yml; nothing of a terminal, a stack or our folders is shown; a thousand are paged", async () => {
    await using project = await dbtProject(threeModels);
    const node = { unique_id: "model.shop.c", node_name: "c", node_path: "models/c.sql" };
    const stack = "\nstack backtrace:\n   0: std::backtrace_rs::x\n   1: dbt_main::run";
    const many = Array.from({ length: 1000 }, (_each, at) =>
      generic(
        "warn",
        `[warning] [UnusedConfigKey (dbt1060)]: key ${at}\n  --> models/schema.yml:${at + 1}:1`,
      ),
    );
    await using made = await standIn("talking", {
      exitCode: { compile: 1 },
      lines: {
        compile: [
          ...many,
          generic("error", "[error] [SomeError (dbt1999)]: of a file\n  --> models/a.sql"),
          ["NodeStart", "debug", "", { node_info: node }],
          generic("error", "[error] [SomeError (dbt1998)]: of a node", { node_info: node }),
          generic("error", `\u001b[31m[error] [SomeError (dbt1997)]: of nothing\u001b[0m${stack}`),
          generic("error", "[error] [SomeError (dbt1996)]: cannot read STORAGE/target/x.sql"),
        ],
      },
    });
    const ref = { projectDir: project.dir, profilesDir: project.dir };
    const b = project.file("models/b.sql");
    // The first lint makes the private folder, whose name is only then known to the stand-in.
    await made.plugin.lintProject(ref, { paths: [b] });
    const [folder = ""] = await readdir(made.storageDir);
    const plan = path.join(dir, "talking", "plan.json");
    const text = await readFile(plan, "utf8");
    await writeFile(plan, text.replace("STORAGE", path.join(made.storageDir, folder, "live")));
    const events: DbtEvent[] = [];
    const call = { onEvent: (event: DbtEvent) => events.push(event) };
    await made.plugin.lintProject(ref, { paths: [b], texts: new Map([[b, "select 2"]]) }, call);
    const checked = events.find((event) => event.type === "projectChecked");
    const issues = checked?.issues ?? [];
    const errors = issues.filter(({ severity }) => severity === "error");
    expect(errors.map(({ filePath, line, ruleCode }) => [ruleCode, filePath, line])).toEqual([
      ["dbt1999", project.file("models/a.sql"), 1],
      ["dbt1997", project.file("dbt_project.yml"), 1],
      ["dbt1996", project.file("dbt_project.yml"), 1],
      ["dbt1998", project.file("models/c.sql"), 1],
    ]);
    expect(errors[1]?.message).toBe("of nothing");
    expect(errors[2]?.message).toBe("cannot read target/x.sql");
    expect(issues).toHaveLength(501);
    expect(issues.at(-1)?.message).toMatch(/^The engine found 504 more errors and warnings/);
    expect(JSON.stringify(issues)).not.toMatch(/\\u001b|backtrace/);
    expect(JSON.stringify(issues)).not.toContain(made.storageDir);

    // The comparison, to which the last of them sends, and a terminal have them all.
    await made.write({ exitCode: { parse: 1 }, lines: { parse: many } });
    const { signal } = new AbortController();
    const side = await compileSide(made.plugin, ref, path.join(dir, "talking", "side"), signal);
    expect(side.diagnostics).toHaveLength(1000);
  });

  test("a binary that disappears during a run, and is another version then, is asked anew each time", async () => {
    await using project = await dbtProject(threeModels);
    await using made = await standIn("vanishing", {});
    const ref = { projectDir: project.dir, profilesDir: project.dir };
    const b = project.file("models/b.sql");
    await made.plugin.lintProject(ref, { paths: [b] });
    const [folder = ""] = await readdir(made.storageDir);
    const seen = path.join(made.storageDir, folder, "live", "target", "seen");
    expect(await readFile(seen, "utf8")).toBe("2.0.0");

    await made.write({ vanish: true });
    expect(await made.plugin.runModels(ref)).toMatchObject({ success: true });
    const gone = made.plugin.runModels(ref);
    await expect(gone).rejects.toThrow(DbtEnvironmentError);
    await expect(gone).rejects.toThrow(/does not exist/);

    await made.write({ version: "2.1.0-preview.7", lines: {} });
    const leftover = path.join(path.dirname(seen), "partial_parse");
    await writeFile(leftover, "of the version before");
    await made.plugin.lintProject(ref, { paths: [b], texts: new Map([[b, "select 2"]]) });
    expect(made.statuses.at(-1)?.versions).toMatchObject({ "dbt-fusion": "2.1.0-preview.7" });
    expect(await readFile(seen, "utf8")).toBe("2.1.0-preview.7");
    expect(existsSync(leftover)).toBe(false);
  });

  test("one that prints a megabyte in a line and then hangs is bounded, and ends when it is cancelled", async () => {
    await using project = await dbtProject(threeModels);
    await using made = await standIn("flooding", {
      waits: { run: project.file("never") },
      lines: { run: ["x".repeat(1_000_000), ["Generic", "info", "y".repeat(1_000_000)]] },
    });
    const ref = { projectDir: project.dir, profilesDir: project.dir };
    const abort = new AbortController();
    const said: number[] = [];
    const running = made.plugin.runModels(
      ref,
      {},
      {
        signal: abort.signal,
        onEvent: (event) => {
          if (event.type === "log") said.push(event.message.length);
          abort.abort();
        },
      },
    );
    await expect(running).rejects.toThrow(DbtCancelledError);
    expect(Math.max(...said)).toBeLessThan(30_000);
  });
});
