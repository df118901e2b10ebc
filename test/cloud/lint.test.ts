import { expect, test } from "vitest";
import { DbtLintError } from "../../server/plugins/errors.ts";
import { localSubject } from "../contract/localSubject.ts";
import { CloudEmulator } from "../harness/cloudEmulator/emulator.ts";
import { cloudPluginOn } from "../harness/cloudEmulator/pluginOnEmulator.ts";
import { dbtProject, threeModels } from "../harness/dbtProject.ts";
import { FakeClock } from "../harness/fakeClock.ts";

/** dbt Cloud has no linter: SQLFluff lints the checkout. */

test("in the dialect of the environment's warehouse, not of the profile beside the checkout", async () => {
  // Snowflake's path into a column: no dialect of a profile on DuckDB reads it.
  const snowflake = "select payload:user.id::number as id\nfrom {{ ref('a') }}\n";
  await using project = await dbtProject({
    ...threeModels,
    "models/b.sql": snowflake,
    // Without dbt's templater, which would take the seconds of a parse.
    ".sqlfluff": "[sqlfluff]\ntemplater = jinja\n",
  });
  const clock = new FakeClock();
  await using emulator = await CloudEmulator.start({ clock });
  await using local = localSubject("dbt111").make();
  await using made = cloudPluginOn(emulator, { clock, linter: local.plugin });
  const ref = { projectDir: project.dir, profilesDir: project.dir };
  emulator.behaviours = [
    {
      artifacts: {
        "manifest.json": '{"metadata": {"dbt_version": "1.11.0", "adapter_type": "snowflake"}, "nodes": {}}',
      },
    },
  ];
  await made.plugin.runModels(ref, {}, made.call());

  expect(made.plugin.supportsSqlLinting()).toBe(false);
  const issues = await made.plugin.lintProject(ref, { paths: [project.file("models/b.sql")] });
  expect(issues.issues.map(({ ruleCode }) => ruleCode)).not.toContain("PRS");
  expect(issues.filesLinted).toEqual([project.file("models/b.sql")]);
  expect(made.plugin.supportsSqlLinting(ref)).toBe(true);
  expect(made.plugin.supportsSqlLinting({ projectDir: project.file("other") })).toBe(false);
  const fixed = await made.plugin.fixText(ref, {
    path: project.file("models/b.sql"),
    text: snowflake.replace("from", "FROM"),
  });
  expect(fixed.text).toBe(snowflake);
});

test("without a Python that has SQLFluff it is not offered; a file of an editor is skipped with the reason", async () => {
  await using project = await dbtProject(threeModels);
  const clock = new FakeClock();
  await using emulator = await CloudEmulator.start({ clock });
  await using local = localSubject("dbt111").make({ withoutEngine: true });
  await using made = cloudPluginOn(emulator, { clock, linter: local.plugin });
  const ref = { projectDir: project.dir, profilesDir: project.dir };
  expect(await made.plugin.getRuntimeMetadata(ref)).toMatchObject({ details: { sqlfluffVersion: null } });
  expect(made.plugin.supportsSqlLinting()).toBe(false);
  await expect(made.plugin.lintProject(ref)).rejects.toThrow(DbtLintError);
  const filePath = project.file("models/b.sql");
  expect(await made.plugin.lintProject(ref, { paths: [filePath] })).toMatchObject({
    filesLinted: [],
    filesSkipped: [
      { filePath, reason: expect.stringContaining("dbt Cloud has no linter, and here:") as string },
    ],
  });
  expect((await made.plugin.inspect(ref)).facts.at(-1)?.value).toContain("no Python with SQLFluff");
});
