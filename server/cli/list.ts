import path from "node:path";
import { toSnakeCaseKeys } from "../../protocol/json.ts";
import type { ListedNode } from "../plugins/dbtPlugin.ts";
import { DbtConfigurationError } from "../plugins/errors.ts";
import { selectionOf } from "../runs/invoke.ts";
import { type CommandContext, openProject, type ProjectOptions } from "./projects.ts";
import { chosen, type DataFormat, type SelectionOptions } from "./run.ts";

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
  const selection = selectionOf(chosen(flags, options));
  await using opened = await openProject(options, context);
  const { project, plugin } = opened;
  if (!plugin.listNodes)
    throw new DbtConfigurationError(`The ${plugin.runtime} environment cannot list nodes.`);
  const nodes = await plugin.listNodes(project, selection, { signal: context.signal });
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
