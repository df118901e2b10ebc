import { mkdir, symlink } from "node:fs/promises";
import path from "node:path";
import { expect, test } from "vitest";
import { discoverProjects, owningProject } from "../../../server/config/discoverProjects.ts";
import { folderWith, type Folder } from "./projectOnDisk.ts";

const project = "name: x\n";
const dirs = async (folder: Folder, workspaceDirs: readonly string[] = [folder.dir]) =>
  (await discoverProjects(workspaceDirs)).map(({ projectDir }) =>
    path.relative(folder.dir, projectDir).split(path.sep).join("/"),
  );

test("nested projects and monorepos: all of them, and nothing of packages, targets and environments", async () => {
  await using folder = await folderWith({
    "dbt_project.yml": project,
    "dbt_packages/dbt_utils/dbt_project.yml": project,
    "target/package/dbt_project.yml": project,
    "integration_tests/dbt_project.yml": "name: y\npackages-install-path: vendor/dbt\ntarget-path: out\n",
    "integration_tests/vendor/dbt/codegen/dbt_project.yml": project,
    "integration_tests/out/dbt_project.yml": project,
    "teams/a b/é/dbt_project.yml": "broken: [",
    "teams/target/dbt_project.yml": project,
    "teams/dbt_modules/old/dbt_project.yml": project,
    "node_modules/x/dbt_project.yml": project,
    "env/pyvenv.cfg": "",
    "env/lib/dbt/include/dbt_project.yml": project,
    "conda/conda-meta/history": "",
    "conda/lib/dbt_project.yml": project,
    ".git/dbt_project.yml": project,
    "teams/not/dbt_project.yml/x": "a folder of that name",
  });
  expect(await dirs(folder)).toEqual(["", "integration_tests", "teams/a b/é", "teams/target"]);
});

test("several workspace folders, one within another: each project once, with the nearest folder", async () => {
  await using folder = await folderWith({
    "a/one/dbt_project.yml": project,
    "a/b/two/dbt_project.yml": project,
  });
  const found = await discoverProjects([
    folder.at("a"),
    folder.at("a/b"),
    folder.at("missing"),
    folder.at("a"),
  ]);
  expect(found.map(({ projectDir, workspaceDir }) => [projectDir, workspaceDir])).toEqual([
    [folder.at("a/b/two"), folder.at("a/b")],
    [folder.at("a/one"), folder.at("a")],
  ]);
});

test.skipIf(process.platform === "win32")("symbolic links are followed once, and circles end", async () => {
  await using folder = await folderWith({
    "work/shop/dbt_project.yml": project,
    "elsewhere/dbt_project.yml": project,
  });
  await symlink(folder.at("work"), folder.at("work/shop/circle"));
  await symlink(folder.at("work/shop"), folder.at("work/again"));
  await symlink(folder.at("elsewhere"), folder.at("work/linked"));
  await symlink(folder.at("nowhere"), folder.at("work/dangling"));
  const found = await discoverProjects([folder.at("work")]);
  expect(found.map(({ projectDir }) => projectDir)).toEqual([
    folder.at("work/linked"),
    folder.at("work/shop"),
  ]);
  // A file is its project's by either path.
  expect(owningProject(folder.at("elsewhere/models/a.sql"), found)?.projectDir).toBe(
    folder.at("work/linked"),
  );
  expect(owningProject(folder.at("work/linked/models/a.sql"), found)?.projectDir).toBe(
    folder.at("work/linked"),
  );
});

test("the deepest project that holds a file owns it; a package's file is nobody's", async () => {
  await using folder = await folderWith({
    "dbt_project.yml": project,
    "sub/dbt_project.yml": "name: y\npackages-install-path: ../shared_packages\n",
  });
  const projects = await discoverProjects([folder.dir]);
  const owner = (file: string) => owningProject(folder.at(file), projects)?.projectDir;
  expect(owner("models/a.sql")).toBe(folder.dir);
  expect(owner("sub/models/a.sql")).toBe(folder.at("sub"));
  expect(owner("sub")).toBe(folder.at("sub"));
  expect(owner("submodels/a.sql")).toBe(folder.dir);
  expect(owner("..models/a.sql")).toBe(folder.dir);
  expect(owner("dbt_packages/dbt_utils/macros/a.sql")).toBeUndefined();
  expect(owner("shared_packages/dbt_utils/macros/a.sql")).toBeUndefined();
  expect(owner("../a.sql")).toBeUndefined();
});

test("a big tree is looked into up to the limit, and the limit is told", async () => {
  await using folder = await folderWith({ "dbt_project.yml": project });
  await Promise.all(
    Array.from({ length: 300 }, (_, index) => mkdir(folder.at(`d${index}/e`), { recursive: true })),
  );
  const told: number[] = [];
  const found = await discoverProjects([folder.dir], { maxFolders: 100, onLimit: (read) => told.push(read) });
  expect(found).toHaveLength(1);
  expect(told).toHaveLength(1);
  expect(told[0]).toBeLessThan(200);
});
