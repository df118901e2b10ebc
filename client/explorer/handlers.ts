import type { CommandContext } from "../commands/context.ts";
import type { explorerCommands } from "../commands/explorerCommands.ts";
import { isTreeEntry } from "./treeEntry.ts";

/** Gets the row it was called on, and all that are selected with it. */
type RowHandler = (argument?: unknown, selected?: unknown) => unknown;

/** What the commands of the Project view do. */
export function explorerHandlers(context: CommandContext): Record<keyof typeof explorerCommands, RowHandler> {
  const { project, server } = context;
  const copy = (what: "name" | "path" | "reference"): RowHandler => {
    return async (argument, selected) =>
      (await import("./rowCommands.ts")).copyOfRows(server, what, argument, selected);
  };
  return {
    "floeDbt.filterProject": () => project.filter(),
    "floeDbt.editFilter": () => project.filter(),
    "floeDbt.clearFilter": () => project.clearFilter(),
    "floeDbt.selectGrouping": () => project.selectGrouping(),
    "floeDbt.refreshProjectView": () => project.refresh(),
    "floeDbt.revealInProjectView": (uri) => project.reveal(uri),
    "floeDbt.openDefinition": async (row) => (await import("./rowCommands.ts")).openDefinition(server, row),
    "floeDbt.copyName": copy("name"),
    "floeDbt.copyReference": copy("reference"),
    "floeDbt.copyPath": copy("path"),
    "floeDbt.selectTarget": async (row) =>
      (await import("../commands/selectTarget.ts")).selectTarget(context, folderOf(row)),
    "floeDbt.selectRuntime": async (row) =>
      (await import("../commands/selectRuntime.ts")).selectRuntime(context, folderOf(row)),
  };
}

/** A row of the view means its project; anything else is what it is. */
const folderOf = (argument: unknown): unknown => (isTreeEntry(argument) ? argument.projectDir : argument);
