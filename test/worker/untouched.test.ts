import { createHash } from "node:crypto";
import { readdir, readFile, stat } from "node:fs/promises";
import path from "node:path";
import { expect, test } from "vitest";
import { dbtProject } from "../harness/dbtProject.ts";
import { startWorker } from "../harness/workerDriver.ts";
import { corpus } from "./corpus.ts";

/** Every file below a folder with its size, time and content, and every folder. */
async function tree(dir: string): Promise<Record<string, string>> {
  const entries = await readdir(dir, { recursive: true, withFileTypes: true });
  const described = entries.map(async (entry) => {
    const file = path.join(entry.parentPath, entry.name);
    if (!entry.isFile()) return [path.relative(dir, file), "folder"] as const;
    const { size, mtimeMs } = await stat(file);
    const hash = createHash("sha256")
      .update(await readFile(file))
      .digest("hex");
    return [path.relative(dir, file), `${size} ${mtimeMs} ${hash}`] as const;
  });
  return Object.fromEntries((await Promise.all(described)).sort());
}

test("parse, lint, fix and a lint of the project leave every file as it is and make none", async () => {
  await using project = await dbtProject({
    ...corpus,
    // What the user's own dbt wrote, and a database no lint may open for the first time.
    "target/manifest.json": "{}",
    "target/partial_parse.msgpack": "not what dbt wrote",
    "logs/dbt.log": "a line\n",
    "models/asks.sql":
      "{% set found = adapter.get_relation(database='shop', schema='main', identifier='orders') %}\nselect 1 as id\n",
  });
  const before = await tree(project.dir);
  await using worker = await startWorker({ projectDir: project.dir });
  expect((await worker.request("parse", {})).state).toBe("ready");
  const file = project.file("models/ctes.sql");
  expect((await worker.lint(file)).issues).not.toEqual([]);
  expect((await worker.request("fix", { path: file })).text).not.toBeNull();
  expect((await worker.request("fix", { path: file, format: true })).text).not.toBeNull();
  expect((await worker.lint(project.file("models/asks.sql"))).skipped).toBeNull();
  expect((await worker.request("lint", {})).linted.length).toBeGreaterThan(20);
  expect(await tree(project.dir)).toEqual(before);
});
