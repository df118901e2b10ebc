import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { copyFile, mkdir, rename } from "node:fs/promises";
import path from "node:path";
import { promisify } from "node:util";
import { cacheDir, pythonEnvironmentDir, pythonEnvironments, pythonIn } from "../../scripts/pins.mjs";
import type { ProjectRef } from "../../server/plugins/dbtPlugin.ts";
import { privateDirIn, runnerDirIn } from "../../server/plugins/local/privateDir.ts";
import { dbtProject, dbtProjectYml, profilesYml } from "./dbtProject.ts";

const fileName = "partial_parse.msgpack";
/** By environment: the file, once it is there. */
const prepared = new Map<string, Promise<string>>();

/** Where a worker has its dbt write, in a private folder that no other worker uses. */
export const targetDirIn = (privateDir: string): string => path.join(privateDir, "0", "target");

/**
 * Gives a dbt that has not started what dbt keeps of the parse of an empty project: the macros of dbt and its adapter, two
 * seconds of the processor at every first parse. dbt itself looks whether it fits: it does where dbt_project.yml and profiles.yml
 * are those of `dbtProject`, and is as good as not there where they are not.
 * @param targetDir where that dbt writes
 */
export async function giveParsedAhead(python: string, targetDir: string): Promise<void> {
  const name = (Object.keys(pythonEnvironments) as (keyof typeof pythonEnvironments)[]).find(
    (each) => pythonIn(pythonEnvironmentDir(each)) === python,
  );
  const its = path.join(targetDir, fileName);
  if (name === undefined || existsSync(its)) return;
  const file = prepared.get(name) ?? prepare(name);
  prepared.set(name, file);
  await mkdir(targetDir, { recursive: true });
  await copyFile(await file, its);
}

/** The same for both processes of a project of the local runtime. */
export async function parseAhead(python: string, storageDir: string, project: ProjectRef): Promise<void> {
  await giveParsedAhead(python, targetDirIn(privateDirIn(storageDir, project)));
  await giveParsedAhead(python, targetDirIn(runnerDirIn(storageDir, project.projectDir)));
}

async function prepare(name: keyof typeof pythonEnvironments): Promise<string> {
  const environment = pythonEnvironmentDir(name);
  const hash = createHash("sha256")
    .update(dbtProjectYml + profilesYml)
    .digest("hex")
    .slice(0, 8);
  const folder = path.join(cacheDir(), "parsed");
  const file = path.join(folder, `${path.basename(environment)}-${hash}.msgpack`);
  if (existsSync(file)) return file;
  await using project = await dbtProject();
  const dbt = path.join(path.dirname(pythonIn(environment)), "dbt");
  await promisify(execFile)(dbt, ["--quiet", "parse", "--profiles-dir", "."], { cwd: project.dir });
  await mkdir(folder, { recursive: true });
  // Another stage may be doing the same.
  const own = `${file}.${process.pid}`;
  await copyFile(project.file(`target/${fileName}`), own);
  await rename(own, file);
  return file;
}
