import path from "node:path";
import type { Comparison } from "../../protocol/compare.ts";
import type { DbtPlugin, ProjectRef } from "../plugins/dbtPlugin.ts";
import { DbtConfigurationError } from "../plugins/errors.ts";
import { compareSides, type Side } from "./compareSides.ts";
import { compileSide } from "./compileSide.ts";
import { deployedSide, limitedTo, withRelationsOf } from "./deployedSide.ts";

/**
 * Says what differs between two environments. Each compiles the project, one after the other so that their times compare; of one
 * that is deployed, its newest artifacts are taken, and nothing is started there: "what would change against production".
 * @throws DbtError
 */
export async function compareEnvironments(
  project: ProjectRef & { name: string },
  plugins: { left: DbtPlugin; right: DbtPlugin },
  options: {
    storageDir: string;
    target: string | null;
    /** Only nodes that changed in git since the commit that is deployed. */
    changedOnly?: boolean;
    signal: AbortSignal;
    onProgress?: (done: number, total: number, label: string) => void;
  },
): Promise<Comparison> {
  const { left, right } = plugins;
  if (options.changedOnly && ![left, right].some(isDeployed)) {
    throw new DbtConfigurationError(
      "What changed is measured from the commit that is deployed, and neither environment has one: one of them must be dbt Cloud.",
    );
  }
  const side = (name: "left" | "right", at: number): Promise<Side> => {
    const plugin = plugins[name];
    if (isDeployed(plugin)) {
      options.onProgress?.(at, 2, "fetching what is deployed");
      return deployedSide(plugin, project, options.signal);
    }
    options.onProgress?.(at, 2, `compiling with ${plugin.runtime}`);
    return compileSide(plugin, project, path.join(options.storageDir, "compare", name), options.signal);
  };
  const early = isBetterFirst(right, left) ? await side("right", 0) : null;
  const ours = await side("left", early ? 1 : 0);
  const theirs = early ?? (await side("right", 1));
  options.onProgress?.(2, 2, "comparing");
  return compareSides(...alike(ours, theirs, options.changedOnly ?? false), {
    projectDir: project.projectDir,
    projectName: project.name,
    target: options.target,
    ...(options.changedOnly && { changedOnly: true }),
  });
}

/**
 * Whether one has to compile before the other. A DuckDB file that is not there yet is made by the first, in the format of its own
 * DuckDB: that of the engines that may run beside others is the older one, which dbt-core's reads, and not the other way round.
 */
function isBetterFirst(one: DbtPlugin, other: DbtPlugin): boolean {
  const bothCompile = ![one, other].some(isDeployed);
  return bothCompile && one.supportsParallelExecution() && !other.supportsParallelExecution();
}

const isDeployed = (plugin: DbtPlugin): boolean => plugin.capabilities.has("deployed");

/** The deployed side in the words of the other, and both without what is not asked for. */
function alike(left: Side, right: Side, changedOnly: boolean): [Side, Side] {
  const changed = (left.deployed ?? right.deployed)?.changed;
  if (!changed) return [left, right];
  const sides: [Side, Side] = left.deployed
    ? [withRelationsOf(left, right), right]
    : [left, withRelationsOf(right, left)];
  if (!changedOnly || "unknown" in changed) return sides;
  const files = new Set(changed.files);
  return [limitedTo(sides[0], files), limitedTo(sides[1], files)];
}
