import { existsSync } from "node:fs";
import path from "node:path";
import { DbtConfigurationError } from "../plugins/errors.ts";
import { type CommandContext, onlyProject, openProjects, type ProjectOptions } from "./projects.ts";
import type { DataFormat } from "./run.ts";

/** `floe-dbt manifest`: where the manifest of the last compile is, or the manifest itself. Compiles nothing. */
export async function runManifest(
  options: ProjectOptions & { format: DataFormat },
  context: CommandContext,
): Promise<0> {
  await using opened = await openProjects([], options, context);
  const { project, plugin, config } = onlyProject(opened);
  if (options.format === "json") {
    context.terminal.data(JSON.stringify(await plugin.getManifest(project, { signal: context.signal })));
    return 0;
  }
  const file = path.join(config.paths.target, "manifest.json");
  if (!existsSync(file)) {
    throw new DbtConfigurationError(`There is no ${file} yet. Compile the project first: floe-dbt compile.`);
  }
  context.terminal.data(file);
  return 0;
}
