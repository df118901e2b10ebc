import { chmod, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { DbtEvent } from "../../server/plugins/dbtPlugin.ts";
import { findEngine } from "../../server/plugins/fusion/findEngine.ts";
import { createEngineProbe } from "../../server/plugins/fusion/probeEngine.ts";
import { runEngine } from "../../server/plugins/fusion/runEngine.ts";
import { RedactingLog } from "../../server/platform/log.ts";

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
    expect(await probe()(plain)).toEqual({ failure: "cannot be started; is it executable?" });
    expect(await probe()(dir)).toEqual({ failure: "is a folder" });
    expect(await probe()(path.join(dir, "nothing"))).toEqual({ failure: "does not exist" });
  });

  test("one that hangs is given up after its time", async () => {
    const hanging = await program("hanging", "setInterval(() => {}, 1000)");
    expect(await probe()(hanging)).toEqual({ failure: "did not answer within 10 s" });
  });

  test("what it can is asked of it, and asked again once the file is another", async () => {
    const file = await program("changing", engine("2.0.0"));
    const ask = probe();
    const first = await ask(file);
    expect(first).toMatchObject({ version: "2.0.0", distribution: "dbt-fusion" });
    expect("features" in first && [...first.features]).toEqual(["lint", "staticAnalysis", "partialParse"]);
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
});
