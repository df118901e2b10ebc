import * as vscode from "vscode";
import { nodeRequest } from "../../protocol/requests.ts";
import type { LanguageServer } from "../languageServer.ts";
import { isTreeEntry, type TreeEntry } from "./treeEntry.ts";

/** Opens the file that defines a row, at its line. @throws where it is gone */
export async function openDefinition(server: LanguageServer, argument: unknown): Promise<void> {
  const entry = isTreeEntry(argument) ? argument : null;
  const place = entry && (await placeOf(server, entry));
  if (!place) throw new Error("There is no file that defines this.");
  const at = new vscode.Position(Math.max(0, place.line - 1), 0);
  const uri = vscode.Uri.file(place.filePath);
  const document = await vscode.workspace.openTextDocument(uri).then(
    (opened) => opened,
    () => {
      const file = vscode.workspace.asRelativePath(uri);
      throw new Error(`${file} is no longer there: the manifest is older than that. Compile the project.`);
    },
  );
  await vscode.window.showTextDocument(document, {
    selection: new vscode.Range(at, at),
    preview: true,
    preserveFocus: true,
  });
}

/** Where a row's file says it; the line of what a YAML file defines is looked up only now. */
async function placeOf(
  server: LanguageServer,
  { projectDir, uniqueId, row }: TreeEntry,
): Promise<{ filePath: string; line: number } | null> {
  if (row?.filePath == null) return null;
  if (row.line !== null || uniqueId === null) return { filePath: row.filePath, line: row.line ?? 1 };
  const node = await server.request(nodeRequest, { projectDir, uniqueId });
  return { filePath: node?.filePath ?? row.filePath, line: node?.line ?? 1 };
}

/** What of a row can be copied, one line for each of the selected rows. */
const copied = {
  name: ({ row }: TreeEntry) => Promise.resolve(row?.label ?? null),
  path: ({ row }: TreeEntry) => Promise.resolve(row?.filePath ?? null),
  reference: async ({ projectDir, uniqueId }: TreeEntry, server: LanguageServer) => {
    if (uniqueId === null) return null;
    return (await server.request(nodeRequest, { projectDir, uniqueId }))?.reference ?? null;
  },
};

/** @throws where none of the rows has it */
export async function copyOfRows(
  server: LanguageServer,
  what: keyof typeof copied,
  argument: unknown,
  selected: unknown,
): Promise<void> {
  const rows = (Array.isArray(selected) && selected.length > 0 ? selected : [argument]).filter(isTreeEntry);
  const texts = await Promise.all(rows.map((entry) => copied[what](entry, server)));
  const found = texts.filter((text) => text !== null);
  if (found.length === 0) throw new Error(`There is no ${what} to copy here.`);
  await vscode.env.clipboard.writeText(found.join("\n"));
  vscode.window.setStatusBarMessage(
    found.length === 1 ? `Copied ${found[0]}` : `Copied ${found.length}`,
    3_000,
  );
}
