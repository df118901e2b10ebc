import type { CommandContext } from "./context.ts";
import type { sqlCommands } from "./sqlCommands.ts";

type Handler = (argument?: unknown) => unknown;

/** What the commands of sqlCommands.ts do; loaded when one is first used. */
export function sqlHandlers(context: CommandContext): Record<keyof typeof sqlCommands, Handler> {
  const compiledSql = () => import("./compiledSql.ts");
  return {
    "floeDbt.showCompiledSql": async (file) => (await compiledSql()).showCompiledSql(context, file),
    "floeDbt.copyCompiledSql": async (file) => (await compiledSql()).copyCompiledSql(context, file),
    "floeDbt.diffLastCompiled": async (file) =>
      (await compiledSql()).diffCompiledSql(context, "compiled", file),
    "floeDbt.diffLastRun": async (file) => (await compiledSql()).diffCompiledSql(context, "run", file),
  };
}
