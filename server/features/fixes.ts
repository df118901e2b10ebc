import { readFile } from "node:fs/promises";
import type { TextEdit } from "vscode-languageserver/node";
import { documentOfFile, editsBetween } from "../lint/edits.ts";
import type { OpenFile } from "../lint/openDocuments.ts";
import { uriOfPath } from "../platform/uri.ts";
import type { Project } from "../projects/project.ts";
import type { ServerContext } from "./feature.ts";
import { type FileEdits, movedOn } from "./workspaceEdits.ts";

export interface FixOptions {
  /** Only these rules; all of the configuration's where absent. */
  rules?: readonly string[];
  /** Layout and capitalisation only, as `sqlfluff format`. */
  format?: boolean;
  signal: AbortSignal;
}

/** Edits of one file, or why there are none. */
export type Fixes = { edits: TextEdit[]; version: number } | { refused: string };

/**
 * The edits that turn an open document into what SQLFluff makes of it.
 * @throws ResponseError (content modified) if the document changed meanwhile: its edits would land in the wrong places
 */
export async function fixesOfDocument(
  { documents }: Pick<ServerContext, "documents">,
  project: Project,
  { filePath, document }: OpenFile,
  { rules, format, signal }: FixOptions,
): Promise<Fixes> {
  const version = document.version;
  const result = await project.plugin().fixText(
    project.ref,
    {
      path: filePath,
      text: document.getText(),
      ...(rules && { rules }),
      ...(format !== undefined && { format }),
    },
    { signal },
  );
  if (documents.get(filePath)?.version !== version) throw movedOn();
  if (result.text === null) return { refused: result.reason ?? "there is nothing to fix" };
  return { edits: editsBetween(document, result.text), version };
}

/** The same for any file of the project, open or not. */
export async function fixesOfFile(
  context: Pick<ServerContext, "documents">,
  project: Project,
  filePath: string,
  options: FixOptions,
): Promise<FileEdits | { refused: string }> {
  const open = context.documents.get(filePath);
  if (open) {
    const fixes = await fixesOfDocument(context, project, { filePath, document: open }, options);
    return "refused" in fixes ? fixes : { uri: open.uri, version: fixes.version, edits: fixes.edits };
  }
  const uri = uriOfPath(filePath);
  const document = documentOfFile(uri, await readFile(filePath, "utf8"));
  const result = await project
    .plugin()
    .fixText(project.ref, { path: filePath, text: document.getText() }, { signal: options.signal });
  if (result.text === null) return { refused: result.reason ?? "there is nothing to fix" };
  return { uri, version: null, edits: editsBetween(document, result.text) };
}
