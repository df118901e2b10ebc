import path from "node:path";
import { toSnakeCaseKeys } from "../../protocol/json.ts";
import type { ListedNode } from "../plugins/dbtPlugin.ts";
import { DbtConfigurationError } from "../plugins/errors.ts";
import { type CommandContext, onlyProject, openProjects, type ProjectOptions } from "./projects.ts";
import type { DataFormat, SelectionOptions } from "./run.ts";

export const listOutputs = ["name", "id", "path"] as const;
export interface ListOptions extends ProjectOptions, SelectionOptions {
  format: DataFormat;
  output: (typeof listOutputs)[number];
}

/** `floe-dbt list`: what a selection selects, in dbt's order. */
export async function runList(
  flags: readonly string[],
  options: ListOptions,
  context: CommandContext,
): Promise<0> {
  await using opened = await openProjects([], options, context);
  const { project, plugin } = onlyProject(opened);
  if (!plugin.listNodes)
    throw new DbtConfigurationError(`The ${plugin.runtime} environment cannot list nodes.`);
  const { select = [], exclude = [], vars } = options;
  const nodes = await plugin.listNodes(
    project,
    {
      ...(select.length > 0 && { select: select.join(" ") }),
      ...(exclude.length > 0 && { exclude: exclude.join(" ") }),
      ...(vars !== undefined && { vars }),
      ...(flags.length > 0 && { flags }),
    },
    { signal: context.signal },
  );
  if (nodes.length === 0) context.terminal.words("The selection matches nothing.");
  context.terminal.data(
    options.format === "json"
      ? JSON.stringify(toSnakeCaseKeys(nodes), null, 2)
      : nodes.map((node) => lineOf(node, options.output)).join("\n"),
  );
  return 0;
}

function lineOf({ name, uniqueId, filePath }: ListedNode, output: ListOptions["output"]): string {
  if (output === "id") return uniqueId;
  return output === "path" ? path.relative(process.cwd(), filePath ?? "") : name;
}
