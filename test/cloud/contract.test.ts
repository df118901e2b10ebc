import { readFile } from "node:fs/promises";
import path from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import type { DbtEvent } from "../../server/plugins/dbtPlugin.ts";
import { DbtCancelledError } from "../../server/plugins/errors.ts";
import { cloudSubject } from "../contract/cloudSubject.ts";
import { compileCases } from "../contract/compileCases.ts";
import { identityCases } from "../contract/identityCases.ts";
import { runCases } from "../contract/runCases.ts";
import { verbCases } from "../contract/verbCases.ts";
import { realDbt } from "../harness/cloudEmulator/stepEngine.ts";
import { dbtProject, threeModels, type TestProject } from "../harness/dbtProject.ts";

/** The shared contract on the emulator, with real dbt; and what is another way where dbt runs elsewhere. */

const engine = realDbt();
afterAll(() => engine[Symbol.asyncDispose]());
const subject = cloudSubject(engine);
const refOf = (project: TestProject) => ({ projectDir: project.dir, profilesDir: project.dir });

identityCases(subject);
compileCases(subject);
runCases(subject);
verbCases(subject);

describe("cloud, emulated: only there", () => {
  test("a compile keeps what it fetched with whose it is, knows dbt's version then, and tells its steps", async () => {
    await using project = await dbtProject(threeModels);
    await using made = subject.make();
    const events: DbtEvent[] = [];
    const manifestPath = await made.plugin.compileProject(refOf(project), {
      onEvent: (event) => events.push(event),
    });
    expect(manifestPath).toMatch(/[\\/]\.floe[\\/]dbt-cloud-cache[\\/]70403105000001[\\/]manifest\.json$/);
    expect(await made.plugin.getRuntimeMetadata(refOf(project))).toMatchObject({
      dbtVersion: expect.stringMatching(/^1\.11/) as string,
      adapter: "duckdb",
    });
    const metadata = JSON.parse(
      await readFile(path.join(path.dirname(manifestPath), "metadata.json"), "utf8"),
    ) as object;
    expect(metadata).toMatchObject({ account_id: "70403103900042", run_id: 70403105000001, step: 4 });
    const steps = events.findLast(({ type }) => type === "steps");
    expect(steps).toMatchObject({
      steps: [
        { name: "Clone git repository", state: "success" },
        { name: "Create profile from connection DuckDB" },
        { name: "dbt deps" },
        { name: "dbt compile", state: "success" },
      ],
    });
  });

  test("cancel ends dbt there, within seconds", async () => {
    await using project = await dbtProject({
      ...threeModels,
      "models/a.sql":
        "{{ config(materialized='table') }}\nselect count(*) as amount, 1 as id from range(100000000) as x, range(100000000) as y\n",
    });
    await using made = subject.make();
    const abort = new AbortController();
    let firedAt = 0;
    const running = made.plugin.runModels(
      refOf(project),
      {},
      {
        signal: abort.signal,
        onEvent: (event) => {
          if (event.type !== "log" || !event.message.includes("START sql table model main.a")) return;
          firedAt = performance.now();
          abort.abort();
        },
      },
    );
    await expect(running).rejects.toThrow(DbtCancelledError);
    expect(performance.now() - firedAt).toBeLessThan(5000);
  });
});
