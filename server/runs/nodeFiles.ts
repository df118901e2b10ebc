import { createHash } from "node:crypto";
import { existsSync, readdirSync, statSync } from "node:fs";
import path from "node:path";
import type { RunNode } from "../../protocol/run.ts";
import type { ProjectConfig } from "../config/projectConfig.ts";

/** Where a project keeps its files. */
export type ProjectFolders = Pick<ProjectConfig, "projectDir" | "name" | "paths">;

/** Package of a node: `model.shop.orders` is of "shop". */
export const packageOf = (uniqueId: string): string => uniqueId.split(".")[1] ?? "";

/** Absolute path of a node's file, which dbt names from the project's, the package's or the resource's folder; null if gone. */
export function nodeFile(uniqueId: string, named: string, folders: ProjectFolders): string | null {
  if (path.isAbsolute(named)) return existsSync(named) ? named : null;
  const { projectDir, name, paths } = folders;
  const own = [
    projectDir,
    ...paths.models,
    ...paths.seeds,
    ...paths.snapshots,
    ...paths.analyses,
    ...paths.tests,
  ];
  const owner = packageOf(uniqueId);
  const home = path.join(paths.packages, owner);
  const roots = owner === "" || owner === name ? own : [home, path.join(home, "models"), ...own];
  return roots.map((root) => path.resolve(root, named)).find((file) => existsSync(file)) ?? null;
}

/**
 * Where dbt left the SQL of a node.
 * @param of "compiled": as it was rendered; "run": as it was sent to the warehouse
 * @returns absolute path; null if there is none
 */
export function sqlFileOf(
  { uniqueId, name, filePath }: Pick<RunNode, "uniqueId" | "name" | "filePath">,
  of: "compiled" | "run",
  { projectDir, name: projectName, paths }: ProjectFolders,
): string | null {
  if (filePath === null) return null;
  const owner = packageOf(uniqueId);
  const home = owner === projectName ? projectDir : path.join(paths.packages, owner);
  const within = path.relative(home, filePath);
  if (within.startsWith("..") || path.isAbsolute(within)) return null;
  const place = path.join(paths.target, of, owner, within);
  const kind = statSync(place, { throwIfNoEntry: false });
  if (kind?.isFile()) return place;
  if (!kind?.isDirectory()) return null;
  // That of a unit test lies deeper, in the YAML file's folders once more.
  const ofUnitTest = path.join(place, path.dirname(within), `${name}.sql`);
  if (uniqueId.startsWith("unit_test.")) return existsSync(ofUnitTest) ? ofUnitTest : null;
  // What a YAML file or a block of a file defines lies in a folder of that file's name; dbt shortens names of 64 letters.
  const shortened = `_${createHash("md5").update(name).digest("hex")}.sql`;
  const file = readdirSync(place).find((each) => each === `${name}.sql` || each.endsWith(shortened));
  return file === undefined ? null : path.join(place, file);
}
