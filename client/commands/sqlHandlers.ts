import type { CommandContext } from "./context.ts";
import type { sqlCommands } from "./sqlCommands.ts";

type Handler = (argument?: unknown) => unknown;

/** What the commands of sqlCommands.ts do; loaded when one is first used. */
export function sqlHandlers(context: CommandContext): Record<keyof typeof sqlCommands, Handler> {
  const compiledSql = () => import("./compiledSql.ts");
  const previews = () => import("./previewQuery.ts");
  const { preview } = context;
  return {
    "floeDbt.showCompiledSql": async (file) => (await compiledSql()).showCompiledSql(context, file),
    "floeDbt.copyCompiledSql": async (file) => (await compiledSql()).copyCompiledSql(context, file),
    "floeDbt.diffLastCompiled": async (file) =>
      (await compiledSql()).diffCompiledSql(context, "compiled", file),
    "floeDbt.diffLastRun": async (file) => (await compiledSql()).diffCompiledSql(context, "run", file),
    "floeDbt.previewModel": async (file) => (await previews()).previewModel(context, file),
    "floeDbt.previewSelection": async () => (await previews()).previewSelection(context),
    "floeDbt.previewCte": async (cte) => (await previews()).previewCte(context, cte),
    "floeDbt.rerunPreview": () => preview.rerun(),
    "floeDbt.cancelPreview": () => preview.cancel(),
    "floeDbt.openPreviewQuery": () => preview.openQuery(),
    "floeDbt.copyPreviewSelection": () => preview.act("copySelection"),
    "floeDbt.copyPreviewRow": () => preview.act("copyRow"),
    "floeDbt.copyPreviewAll": () => preview.act("copyAll"),
    "floeDbt.exportPreviewCsv": () => preview.act("saveCsv"),
    "floeDbt.exportPreviewJson": () => preview.act("saveJson"),
  };
}
