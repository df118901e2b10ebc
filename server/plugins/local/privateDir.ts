import { createHash } from "node:crypto";
import path from "node:path";
import type { ProjectRef } from "../dbtPlugin.ts";

/** Folder of a project's caches and private target paths, one for each target and place of its profiles. */
export function privateDirIn(storageDir: string, { projectDir, target, profilesDir }: ProjectRef): string {
  const key = JSON.stringify([projectDir, target ?? "", profilesDir ?? ""]);
  return path.join(storageDir, createHash("sha256").update(key).digest("hex").slice(0, 16));
}

/** The same of the process that runs commands: one for each project. */
export const runnerDirIn = (storageDir: string, projectDir: string): string =>
  path.join(privateDirIn(storageDir, { projectDir }), "runner");
