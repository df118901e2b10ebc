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
  if (argument === null || typeof argument !== "object" || !("filePath" in argument)) return undefined;
  const { filePath } = argument;
  if (typeof filePath === "string") return vscode.Uri.file(filePath);
  throw new Error("There is no file that defines this.");
}
