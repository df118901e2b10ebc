import { readdirSync, readFileSync } from "node:fs";
import { readFile } from "node:fs/promises";
import path from "node:path";
import { expect, test } from "vitest";
import type { DbtCompilationResult } from "../../protocol/compilation.ts";
import { threeModels, type TestProject } from "../harness/dbtProject.ts";
import { endlessModel, expectCancelled } from "./cancelledRun.ts";
import { localSubject } from "./localSubject.ts";
import { previewCases } from "./previewCases.ts";
import { sharedSubject } from "./sharedSubject.ts";
import { olderShop } from "./verbCases.ts";

/** The oldest minor that is supported. */
const oldest = localSubject("dbt18");
const shared = sharedSubject(oldest);
const refOf = (project: TestProject) => ({ projectDir: project.dir, profilesDir: project.dir });

const told = ({ metadata }: DbtCompilationResult): Record<string, string> =>
  Object.fromEntries(
    (metadata["nodes"] as { unique_id: string; status: string }[]).map(({ unique_id, status }) => [
      unique_id.split(".")[2]!,
      status,
    ]),
  );

/** What the processes of a plugin have parsed. @param file of one of them */
function partialParses(file: string): Buffer[] {
  const root = file.slice(0, file.indexOf(path.sep, file.indexOf("floe-dbt-storage-")));
  return readdirSync(root, { recursive: true, encoding: "utf8" })
    .filter((each) => each.endsWith("partial_parse.msgpack"))
    .map((each) => readFileSync(path.join(root, each)));
}

test("each verb does on one project what it does with a newer dbt", async () => {
  const { project, made } = await shared.begin(olderShop);
  const { plugin } = made;
  const ref = refOf(project);
  const update = await plugin.manifestUpdate!(ref, null);
  const manifestFile = "file" in update ? update.file : "";
  expect(await readFile(manifestFile, "utf8")).toContain("snapshot.shop.orders_history");
  await plugin.prepareRuns!(ref);
  const [first, ...others] = partialParses(manifestFile);
  expect(others).toHaveLength(1);
  // The process for runs has parsed nothing: it took over what was parsed for the manifest.
  expect(others[0]?.equals(first!)).toBe(true);
  const listed = await plugin.listNodes!(ref, { select: "a+", exclude: "c" });
  expect(listed.map(({ name }) => name).toSorted()).toEqual(["a", "amounts_are_known", "b"]);

  const manifestPath = await plugin.compileProject(ref);
  expect(JSON.parse(await readFile(manifestPath, "utf8"))).toHaveProperty(["nodes", "model.shop.a"]);
  expect(await plugin.getManifest(ref)).toHaveProperty(["nodes", "snapshot.shop.orders_history"]);
  expect(told(await plugin.build!(ref))).toEqual({
    raw_orders: "success",
    a: "success",
    orders_history: "success",
    amounts_are_known: "fail",
    b: "skipped",
    c: "skipped",
  });
  expect(await plugin.getRunResults(ref)).toHaveProperty("results.length", 6);
  expect(told(await plugin.seed!(ref, { fullRefresh: true }))).toEqual({ raw_orders: "success" });
  expect(told(await plugin.snapshot!(ref))).toEqual({ orders_history: "success" });
  const ran = await plugin.runModels(ref, { exclude: "c", vars: '{"unused": 1}' });
  expect(told(ran)).toEqual({ a: "success", b: "success" });
  const tested = await plugin.runTests(ref, { select: "a", flags: ["--threads=2"] });
  expect(tested).toMatchObject({ success: false, testsRun: 1, failures: 1 });
  expect(told(await plugin.compileSelection!(ref, { select: "b" }))).toEqual({ b: "success" });
  expect(await readFile(project.file("target/compiled/shop/models/b.sql"), "utf8")).toContain('"a"');

  await project.write("packages.yml", "packages:\n  - local: ../extra\n");
  await project.write("../extra/dbt_project.yml", 'name: extra\nversion: "1.0"\n');
  await expect(plugin.compileProject(ref)).rejects.toMatchObject({
    filePath: project.file("packages.yml"),
    remedy: { command: "floeDbt.installPackages" },
  });
  await plugin.deps!(ref);
  expect(readdirSync(project.file("dbt_packages"))).toEqual(["extra"]);
});

previewCases(oldest, shared);

test("cancel ends a model that never ends", async () => {
  const { project, made } = await shared.begin({ ...threeModels, "models/a.sql": endlessModel });
  await expectCancelled(made.plugin, refOf(project), { select: "a", node: "model.shop.a" });
});
