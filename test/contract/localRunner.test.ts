import { readdir, readFile } from "node:fs/promises";
import { expect, test } from "vitest";
import { dbtProject, dbtProjectYml, profilesYml, threeModels } from "../harness/dbtProject.ts";
import { endlessModel, expectCancelled } from "./cancelledRun.ts";
import { localSubject } from "./localSubject.ts";

const subject = localSubject("dbt111");

test("one process, got ready ahead, runs command after command, holds no database between them and sees what was saved and changed", async () => {
  await using project = await dbtProject({
    ...threeModels,
    "models/a.sql": "select 1 as id, 10 as amount\n",
    "models/eph.sql": "{{ config(materialized='ephemeral') }}\nselect * from {{ ref('a') }}\n",
    "models/b.sql": "select * from {{ ref('eph') }}\n",
    // dbt's own copy of a manifest fails over one.
    "selectors.yml": "selectors:\n  - {name: small, definition: a}\n",
  });
  const ref = { projectDir: project.dir, profilesDir: project.dir };
  const logged: string[][] = [];
  {
    await using made = subject.make();
    logged.push(made.logged);
    const compiledB = () => readFile(project.file("target/compiled/shop/models/b.sql"), "utf8");
    const run = async () => {
      const { success, metadata } = await made.plugin.runModels(ref, { select: "a b" });
      expect(success).toBe(true);
      const nodes = metadata["nodes"] as { unique_id: string; relation_name: string; file: string }[];
      expect(nodes.map(({ unique_id }) => unique_id)).toEqual(["model.shop.a", "model.shop.b"]);
      expect(nodes[0]?.file).toBe(project.file("models/a.sql"));
      return nodes[0]?.relation_name;
    };
    await made.plugin.prepareRuns!(ref);
    expect(made.logged.at(-1)).toContain("dbt is ready for runs of");
    expect((await readdir(project.dir)).toSorted()).toEqual([
      "dbt_project.yml",
      "models",
      "profiles.yml",
      "seeds",
      "selectors.yml",
    ]);
    expect(await run()).toContain('"main"');
    const first = await compiledB();
    expect(first).toContain("__dbt__cte__eph");
    await (await subject.lockDatabase!(project.file("shop.duckdb")))[Symbol.asyncDispose]();
    // The manifest that ran is not the one that runs next: a second run compiles the same.
    await run();
    expect(await compiledB()).toBe(first);
    // Nobody says that files changed.
    await project.write("models/b.sql", "select id, 7 as seven from {{ ref('eph') }}\n");
    await project.write(
      "profiles.yml",
      profilesYml.replace("threads: 1", "threads: 1\n      schema: elsewhere"),
    );
    expect(await run()).toContain('"elsewhere"');
    expect(await compiledB()).toContain("seven");
  }
  expect(logged[0]?.filter((line) => line.includes("Python runner for"))).toHaveLength(1);
  expect(logged[0]?.filter((line) => / dbt run .* exit 0 /.test(line))).toHaveLength(3);
});

test("what is got ready unasked tells nobody of it, and leaves nothing in a project that lets dbt do so", async () => {
  const telling = dbtProjectYml.replace(
    "send_anonymous_usage_stats: false",
    "send_anonymous_usage_stats: true",
  );
  expect(telling).not.toBe(dbtProjectYml);
  await using project = await dbtProject({ ...threeModels, "dbt_project.yml": telling });
  await using made = subject.make();
  await made.plugin.prepareRuns!({ projectDir: project.dir, profilesDir: project.dir });
  expect(made.logged.at(-1)).toContain("dbt is ready for runs of");
  expect((await readdir(project.dir)).toSorted()).toEqual([
    "dbt_project.yml",
    "models",
    "profiles.yml",
    "seeds",
  ]);
});

test("after a cancel no process of the command is left", async () => {
  await using project = await dbtProject({ ...threeModels, "models/a.sql": endlessModel });
  await using made = subject.make();
  const ref = { projectDir: project.dir, profilesDir: project.dir };
  await expectCancelled(made.plugin, ref, { select: "a", node: "model.shop.a" });
  expect(made.logged.filter((line) => line.includes("ended with what was cancelled"))).toHaveLength(1);
  expect(made.logged.filter((line) => line.includes("Python runner for"))).toHaveLength(1);
});
