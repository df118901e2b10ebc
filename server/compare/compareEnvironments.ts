import path from "node:path";
import type { Comparison } from "../../protocol/compare.ts";
import type { DbtPlugin, ProjectRef } from "../plugins/dbtPlugin.ts";
import { compareSides } from "./compareSides.ts";
import { compileSide } from "./compileSide.ts";

/** Compiles a project in two environments, one after the other so that their times compare, and says what differs. @throws DbtError */
export async function compareEnvironments(
  project: ProjectRef & { name: string },
  plugins: { left: DbtPlugin; right: DbtPlugin },
  options: {
    storageDir: string;
    target: string | null;
    signal: AbortSignal;
    onProgress?: (done: number, total: number, label: string) => void;
  },
): Promise<Comparison> {
  const dir = (side: string): string => path.join(options.storageDir, "compare", side);
  const { left, right } = plugins;
  options.onProgress?.(0, 2, `compiling with ${left.runtime}`);
  const ours = await compileSide(left, project, dir("left"), options.signal);
  options.onProgress?.(1, 2, `compiling with ${right.runtime}`);
  const theirs = await compileSide(right, project, dir("right"), options.signal);
  options.onProgress?.(2, 2, "comparing");
  return compareSides(ours, theirs, {
    projectDir: project.projectDir,
    projectName: project.name,
    target: options.target,
  });
}
