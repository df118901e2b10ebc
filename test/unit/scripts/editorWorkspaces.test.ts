import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { makeAnew } from "../../editor/runner/workspaces.ts";

test("a workspace is made anew in place: what is as it was is not touched", () => {
  const folder = mkdtempSync(path.join(tmpdir(), "floe-dbt-workspaces-"));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const workspace = path.join(folder, "workspace");
  const inWorkspace = (name: string): string => path.join(workspace, name);
  const make = (dir: string): void => {
    mkdirSync(path.join(dir, "models"));
    for (const name of ["same", "changed", "deleted"])
      writeFileSync(path.join(dir, `models/${name}.sql`), name);
  };
  const again = (): void => makeAnew(workspace, make, path.join(folder, "scratch"));
  again();
  const before = statSync(inWorkspace("models/same.sql")).ctimeMs;
  writeFileSync(inWorkspace("models/changed.sql"), "otherwise");
  rmSync(inWorkspace("models/deleted.sql"));
  mkdirSync(inWorkspace("target"));
  writeFileSync(inWorkspace("target/manifest.json"), "{}");

  again();
  expect(readdirSync(workspace)).toEqual(["models"]);
  expect(readFileSync(inWorkspace("models/changed.sql"), "utf8")).toBe("changed");
  expect(readFileSync(inWorkspace("models/deleted.sql"), "utf8")).toBe("deleted");
  expect(statSync(inWorkspace("models/same.sql")).ctimeMs).toBe(before);
  expect(readdirSync(folder)).toEqual(["workspace"]);
});
