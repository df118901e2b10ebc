import * as vscode from "vscode";
import { inform } from "../log.ts";
import { compiledScheme, modelName } from "../views/compiled/compiledUri.ts";
import type { CommandContext } from "./context.ts";
import { nodeOf, sqlFileFor } from "./sqlFile.ts";

/** Opens the compiled SQL of a file beside it; of a node that YAML defines, what the last compile left. */
export async function showCompiledSql(context: CommandContext, argument: unknown): Promise<void> {
  const { compiled } = context;
  const source = sqlFileFor(argument);
  const node = nodeOf(argument);
  if (node && !source.path.endsWith(".sql")) {
    await showStoredSql(context, node);
    return;
  }
  const active = vscode.window.activeTextEditor?.document.uri;
  if (active?.toString() !== source.toString() && active?.scheme !== compiledScheme) {
    await vscode.window.showTextDocument(source, { preview: false });
  }
  await compiled.show(source);
}

async function showStoredSql(
  { server, texts }: CommandContext,
  { projectDir, uniqueId }: { projectDir: string; uniqueId: string },
): Promise<void> {
  const name = uniqueId.split(".")[2] ?? uniqueId;
  const { storedSqlRequest } = await import("../../protocol/requests.ts");
  const { sql } = await server.request(storedSqlRequest, { projectDir, uniqueId, of: "compiled" });
  if (sql === null) {
    await inform(`dbt has not compiled ${name} here yet: target/ holds no SQL of it.`);
    return;
  }
  await vscode.window.showTextDocument(texts.add(`${name} (last compiled).sql`, uniqueId, sql));
}

export async function copyCompiledSql(
  { compiled, server }: CommandContext,
  argument: unknown,
): Promise<void> {
  const source = sqlFileFor(argument);
  const { compileTextRequest } = await import("../../protocol/requests.ts");
  const { sql, error } = await server.request(compileTextRequest, { uri: source.toString() });
  compiled.ofSource(source)?.edited();
  if (sql === null)
    throw new Error(`${modelName(source)} does not compile: ${error?.message ?? "no reason given"}`);
  await vscode.env.clipboard.writeText(sql);
  vscode.window.setStatusBarMessage(`The compiled SQL of ${modelName(source)} is in the clipboard.`, 5_000);
}

/** Shows what would be sent now against what the last compile or the last run left in target/. */
export async function diffCompiledSql(
  { compiled, server, texts }: CommandContext,
  of: "compiled" | "run",
  argument: unknown,
): Promise<void> {
  const source = sqlFileFor(argument);
  const name = modelName(source);
  const { storedSqlRequest } = await import("../../protocol/requests.ts");
  const stored = await server.request(storedSqlRequest, { uri: source.toString(), of });
  if (stored.sql === null) {
    await inform(
      `dbt has not ${of === "run" ? "run" : "compiled"} ${name} here yet: target/ holds no SQL of it.`,
    );
    return;
  }
  const word = of === "run" ? "last run" : "last compiled";
  const at = stored.modifiedAt === null ? "" : `, ${new Date(stored.modifiedAt).toLocaleString()}`;
  const before = texts.add(`${name} (${word}).sql`, source.toString(), stored.sql);
  const now = compiled.open(source);
  await vscode.commands.executeCommand(
    "vscode.diff",
    before,
    now.uri,
    `${name}: ${word}${at} ↔ as it is in the editor`,
    { preview: false },
  );
}
