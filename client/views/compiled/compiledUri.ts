import path from "node:path";
import * as vscode from "vscode";

/** Live compiled SQL of a file: the path is what the tab says, the query the file's URI. */
export const compiledScheme = "floe-dbt-compiled";

export function compiledUri(source: vscode.Uri, target: string | null): vscode.Uri {
  const title = `${modelName(source)} (compiled${target === null ? "" : `, ${target}`}).sql`;
  return vscode.Uri.from({ scheme: compiledScheme, path: `/${title}`, query: source.toString() });
}

/** The file whose compiled SQL this is. */
export const sourceOfCompiled = (uri: vscode.Uri): vscode.Uri => vscode.Uri.parse(uri.query, true);

export const modelName = (source: vscode.Uri): string => path.posix.basename(source.path, ".sql");
