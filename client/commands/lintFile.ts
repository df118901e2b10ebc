import * as vscode from "vscode";
import { lintDocumentRequest } from "../../protocol/requests.ts";
import { describeLint } from "../summaries.ts";
import { documentFor } from "./document.ts";
import type { CommandContext } from "./context.ts";

/** Lints one file now, unsaved text included, whatever `floeDbt.lint.run` says. */
export async function lintFile({ server }: CommandContext, argument: unknown): Promise<void> {
  const document = await documentFor(argument);
  const summary = await vscode.window.withProgress(
    { location: vscode.ProgressLocation.Window, title: "Linting…" },
    () => server.request(lintDocumentRequest, { uri: document.uri.toString() }),
  );
  if (summary.failures.length > 0) throw new Error(summary.failures.join(" "));
  vscode.window.setStatusBarMessage(describeLint(summary), 5_000);
}
