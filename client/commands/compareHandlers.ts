import type { compareCommands } from "./compareCommands.ts";
import type { CommandContext } from "./context.ts";

type Handler = (argument?: unknown, second?: unknown) => unknown;

/** What the commands of compareCommands.ts do; loaded when one is first used. */
export function compareHandlers(context: CommandContext): Record<keyof typeof compareCommands, Handler> {
  const comparing = () => import("./compareEnvironments.ts");
  return {
    "floeDbt.compareEnvironments": async (project) =>
      (await comparing()).compareEnvironments(context, project),
    "floeDbt.showComparedSql": async (node) => (await comparing()).showComparedSql(context, node),
    "floeDbt.openComparedFile": async (file, line) => (await comparing()).openComparedFile(file, line),
    "floeDbt.exportComparison": async (format) => (await comparing()).exportComparison(format),
  };
}
