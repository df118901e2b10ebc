import { existsSync } from "node:fs";
import path from "node:path";
import type { Call } from "../plugins/dbtPlugin.ts";
import { DbtConfigurationError } from "../plugins/errors.ts";
import { type CommandContext, openProject, type OpenedProject, type ProjectOptions } from "./projects.ts";
import type { DataFormat } from "./run.ts";

/** `floe-dbt manifest`: where the manifest of the last compile is, or the manifest itself. Compiles nothing. */
export async function runManifest(
  options: ProjectOptions & { format: DataFormat },
  context: CommandContext,
): Promise<0> {
  const { terminal, signal } = context;
  await using only = await openProject(options, context);
  const call: Call = {
    signal,
    onEvent: (event) => {
      if (event.type === "notice") terminal.words(event.message);
    },
  };
  terminal.data(
    options.format === "json"
      ? JSON.stringify(await only.plugin.getManifest(only.project, call))
      : await manifestFile(only, call),
  );
  return 0;
}

/** The file; of an environment that runs elsewhere, as it was fetched from there. @throws DbtConfigurationError if there is none */
async function manifestFile({ plugin, project, config }: OpenedProject, call: Call): Promise<string> {
  if (plugin.capabilities.has("deployed")) {
    const update = await plugin.manifestUpdate?.(project, null, call);
    if (update && "file" in update) return update.file;
  }
  const file = path.join(config.paths.target, "manifest.json");
  if (existsSync(file)) return file;
  throw new DbtConfigurationError(`There is no ${file} yet. Compile the project first: floe-dbt compile.`);
}
