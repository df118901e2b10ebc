import * as vscode from "vscode";
import { compiledScheme, sourceOfCompiled } from "../views/compiled/compiledUri.ts";

/**
 * The file a command is about: the one its argument names (a URI, or a row of a tree with its file), else the active
 * editor's; compiled SQL stands for its source.
 * @throws where there is none
 */
export function sqlFileFor(argument: unknown): vscode.Uri {
  const uri = named(argument) ?? vscode.window.activeTextEditor?.document.uri;
  if (uri?.scheme === compiledScheme) return sourceOfCompiled(uri);
  if (uri?.scheme === "file") return uri;
  throw new Error("No file is open. Open a SQL file of a dbt project first.");
}

function named(argument: unknown): vscode.Uri | undefined {
  if (argument instanceof vscode.Uri) return argument;
  if (typeof argument === "string") return vscode.Uri.parse(argument, true);
  if (argument === null || typeof argument !== "object") return undefined;
  const row: unknown = "row" in argument ? argument.row : argument;
  if (row === null || typeof row !== "object" || !("filePath" in row)) return undefined;
  if (typeof row.filePath === "string") return vscode.Uri.file(row.filePath);
  throw new Error("There is no file that defines this.");
}

/** What a row of a tree stands for, where that is a node of dbt. */
export function nodeOf(argument: unknown): { projectDir: string; uniqueId: string } | null {
  if (argument === null || typeof argument !== "object") return null;
  if (!("projectDir" in argument) || !("uniqueId" in argument)) return null;
  const { projectDir, uniqueId } = argument;
  return typeof projectDir === "string" && typeof uniqueId === "string" ? { projectDir, uniqueId } : null;
}
