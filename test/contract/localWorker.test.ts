import { expect, test } from "vitest";
import { dbtProject, threeModels } from "../harness/dbtProject.ts";
import { localSubject } from "./localSubject.ts";

const subject = localSubject("dbt111");

test("a worker killed in the middle of a lint costs nothing, and none is left behind", async () => {
  await using project = await dbtProject(threeModels);
  const ref = { projectDir: project.dir, profilesDir: project.dir };
  const pids: number[] = [];
  {
    await using made = subject.make();
    const workerPid = async (): Promise<number> => {
      const { facts } = await made.plugin.inspect(ref);
      const worker = facts.find(({ label }) => label === "Worker")?.value ?? "";
      return Number(/process (\d+)/.exec(worker)?.[1]);
    };
    await made.plugin.lintProject(ref);
    const first = await workerPid();
    let killed = false;
    const texts = new Map([[project.file("models/c.sql"), "SELECT  1 as total\n"]]);
    const result = await made.plugin.lintProject(
      ref,
      { texts },
      {
        onEvent: () => {
          if (!killed) process.kill(first, "SIGKILL");
          killed = true;
        },
      },
    );
    expect(killed).toBe(true);
    expect(result.filesLinted).toHaveLength(3);
    expect(result.issues.map(({ ruleCode }) => ruleCode)).toContain("LT01");
    const second = await workerPid();
    expect(second).not.toBe(first);
    pids.push(first, second);
  }
  for (const pid of pids) expect(() => process.kill(pid, 0)).toThrow();
});

test("the doctor's report names what is in use and keeps the search in order", async () => {
  await using project = await dbtProject(threeModels);
  await using made = subject.make();
  const report = await made.plugin.inspect({ projectDir: project.dir, profilesDir: project.dir });
  expect(report.problems).toEqual([]);
  expect(report.searched).toEqual([
    expect.objectContaining({ place: "1. setting floeDbt.python.path", chosen: true }),
  ]);
  expect(report.versions).toMatchObject({ "dbt-core": "1.11.16", sqlfluff: "4.4.0", "dbt-duckdb": "1.11.1" });
  expect(Object.fromEntries(report.facts.map(({ label, value }) => [label, value]))).toMatchObject({
    Target: "dev",
    Worker: "idle",
    Profile: `shop, from ${project.file("profiles.yml")}`,
    "Configuration files": "dbt_project.yml, profiles.yml",
  });
  expect(made.logged.filter((line) => line.includes("worker"))).toEqual([]);
});
