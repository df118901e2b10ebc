import type { Range, TextEdit } from "vscode-languageserver/node";
import { editsInLines } from "../lint/edits.ts";
import { isSql } from "../lint/linting.ts";
import type { Feature, ServerContext } from "./feature.ts";
import { fixesOfDocument } from "./fixes.ts";
import { signalOf } from "./guard.ts";

/** Document and range formatting, as `sqlfluff format` does it with the user's own configuration. */
export const formatting: Feature = {
  capabilities: () => ({ documentFormattingProvider: true, documentRangeFormattingProvider: true }),
  register(context) {
    const { connection, guard } = context;
    connection.onDocumentFormatting(
      guard.passive("Formatting", ({ textDocument }, token) =>
        formatted(context, textDocument.uri, null, signalOf(token)),
      ),
    );
    connection.onDocumentRangeFormatting(
      guard.passive("Formatting the selection", ({ textDocument, range }, token) =>
        formatted(context, textDocument.uri, range, signalOf(token)),
      ),
    );
  },
};

/** A file that must not be formatted is left alone, and one line in the log says why: no message on every save. */
async function formatted(
  context: ServerContext,
  uri: string,
  range: Range | null,
  signal: AbortSignal,
): Promise<TextEdit[] | null> {
  const file = context.documents.ofUri(uri);
  const project = file && isSql(file) ? await context.projects.of(file.filePath) : null;
  if (!file || !project) return null;
  const fixes = await fixesOfDocument(context, project, file, { format: true, signal });
  if ("refused" in fixes) {
    context.log.info(`${file.filePath} is not formatted: ${fixes.refused}`);
    return null;
  }
  return range ? editsInLines(fixes.edits, range) : fixes.edits;
}
