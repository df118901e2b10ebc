import * as vscode from "vscode";
import { inform } from "../log.ts";

const formats = { csv: "Comma separated values", json: "JSON" } as const;

/** Asks where to, and writes rows there. */
export async function saveRows(
  title: string,
  { format, text }: { format: keyof typeof formats; text: string },
  source: vscode.Uri | null,
): Promise<void> {
  const name = `${title.replace(/[^\p{L}\p{N}._-]+/gu, "-").replace(/^-+|-+$/g, "") || "rows"}.${format}`;
  const folder = source ? vscode.Uri.joinPath(source, "..") : vscode.workspace.workspaceFolders?.[0]?.uri;
  const file = await vscode.window.showSaveDialog({
    title: `Save Rows of ${title}`,
    filters: { [formats[format]]: [format] },
    ...(folder && { defaultUri: vscode.Uri.joinPath(folder, name) }),
  });
  if (!file) return;
  await vscode.workspace.fs.writeFile(file, new TextEncoder().encode(text));
  await inform(`Saved ${vscode.workspace.asRelativePath(file)}.`);
}
