import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import path from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import type { DbtEvent } from "../../server/plugins/dbtPlugin.ts";
import { cloudSubject } from "../contract/cloudSubject.ts";
import { compileCases } from "../contract/compileCases.ts";
import { identityCases } from "../contract/identityCases.ts";
import { manifestCases } from "../contract/manifestCases.ts";
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
manifestCases(subject);
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

  test("what packages.yml names is installed there; where it cannot be had, dbt's own words say so", async () => {
    await using project = await dbtProject({
      ...threeModels,
      "packages.yml": "packages:\n  - local: extra\n",
      "extra/dbt_project.yml": 'name: extra\nversion: "1.0"\n',
      "extra/models/more.sql": "select 1 as id\n",
    });
    await using made = subject.make();
    await made.plugin.compileProject(refOf(project));
    expect(await made.plugin.getManifest(refOf(project))).toHaveProperty(["nodes", "model.extra.more"]);
    expect(existsSync(project.file("dbt_packages"))).toBe(false);
    await project.write("packages.yml", "packages:\n  - local: not-there\n");
    const running = made.plugin.runModels(refOf(project));
    await expect(running).rejects.toThrow(/“dbt deps”[\s\S]*not-there[\s\S]*\/runs\/\d+/);
  });
});
