import { LSPErrorCodes, ResponseError } from "vscode-languageserver/node";
import { TextDocument } from "vscode-languageserver-textdocument";
import { previewRequest } from "../../protocol/requests.ts";
import type { PreviewFailure, PreviewParams, PreviewRows } from "../../protocol/run.ts";
import type { PreviewRequest } from "../plugins/dbtPlugin.ts";
import { DbtCancelledError, DbtError } from "../plugins/errors.ts";
import type { Project } from "../projects/project.ts";
import { sourceLines } from "../runs/sourceLines.ts";
import { cteAt, cteNamed, cteQuery, ctesOf } from "../sql/ctes.ts";
import { lineInWarehouseMessage } from "../sql/warehousePosition.ts";
import { can, refused, sqlOfProject, textOfFile } from "./compileText.ts";
import type { Feature, ServerContext } from "./feature.ts";
import { type ErrorData, signalOf } from "./guard.ts";
import { withProgress } from "./progress.ts";

/** dbt/preview: rows of a model, of a selection in it, or of one of its CTEs, all as they are in the editor. */
export const preview: Feature = {
  register(context) {
    context.answer(previewRequest, "The preview", (params, token) =>
      rowsOf(context, params, signalOf(token)),
    );
  },
};

/** What is asked of the plugin, and where each line of it is in the document (0-based; -1 where it is not). */
interface Asked {
  request: PreviewRequest & { text: string };
  documentLines: number[];
}

async function rowsOf(
  context: ServerContext,
  params: PreviewParams,
  signal: AbortSignal,
): Promise<PreviewRows> {
  const { filePath, project, plugin } = await sqlOfProject(context, params.uri, "preview");
  const text = await textOfFile(context, filePath);
  const asked = askedFor(params, filePath, text);
  const run = (its: AbortSignal) => plugin.preview(project.ref, asked.request, { signal: its });
  try {
    const found =
      params.workDoneToken === undefined
        ? await run(signal)
        : await withProgress(
            context,
            { title: "Previewing", token: params.workDoneToken, signal },
            (progress) => run(progress.signal),
          );
    const { target } = project.status;
    return { ...found, limit: params.limit, limited: found.rows.length >= params.limit, target };
  } catch (error) {
    if (!(error instanceof DbtError) || error instanceof DbtCancelledError) throw error;
    context.log.warn(`The preview: ${error.message}`);
    throw await failureOf(error, { project, asked, signal });
  }
}

function askedFor(params: PreviewParams, filePath: string, text: string): Asked {
  const { selection, cte: name, limit, position } = params;
  if (selection !== undefined) {
    const first = position?.line ?? 0;
    return {
      request: { path: filePath, text: selection, fragment: true, limit },
      documentLines: selection.split("\n").map((_line, index) => first + index),
    };
  }
  if (name === undefined) {
    const documentLines = text.split("\n").map((_line, index) => index);
    return { request: { path: filePath, text, limit }, documentLines };
  }
  const offset = position && TextDocument.create(params.uri, "sql", 0, text).offsetAt(position);
  const ctes = ctesOf(text);
  const cte = name === "" ? cteAt(ctes, offset ?? 0) : cteNamed(ctes, name, offset);
  if (!cte) {
    throw refused(
      name === "" ? "There is no CTE at the cursor." : `There is no CTE “${name}” in this file any more.`,
    );
  }
  const query = cteQuery(text, cte);
  return {
    request: { path: filePath, text: query, fragment: true, limit },
    documentLines: sourceLines(text, query),
  };
}

/** The warehouse's or dbt's words, with the query and the line they are about where those are known. */
async function failureOf(
  error: DbtError,
  { project, asked, signal }: { project: Project; asked: Asked; signal: AbortSignal },
): Promise<ResponseError<ErrorData & PreviewFailure>> {
  const { kind, remedy } = error;
  const data: ErrorData & PreviewFailure = { kind, ...(remedy && { remedy }) };
  const plugin = project.plugin();
  if (can(plugin, "compileNode")) {
    const { path, text, fragment } = asked.request;
    const request = { path, text, ...(fragment !== undefined && { fragment }) };
    try {
      const compiled = await plugin.compileNode(project.ref, request, { signal });
      const at = placeOf(error, compiled.sql, compiled.error?.line ?? null, text);
      const line = at === null ? undefined : asked.documentLines[at];
      if (compiled.sql !== null) data.sql = compiled.sql;
      if (line !== undefined && line >= 0) data.line = line;
    } catch (failed) {
      // The words of the first failure are what counts; that it could not be placed is no second one.
      if (!(failed instanceof DbtError)) throw failed;
    }
  }
  return new ResponseError(LSPErrorCodes.RequestFailed, error.message, data);
}

/** @returns the 0-based line of the text that was asked for */
function placeOf(
  error: DbtError,
  sql: string | null,
  compilerLine: number | null,
  text: string,
): number | null {
  if (sql === null) return compilerLine === null ? null : compilerLine - 1;
  const line = lineInWarehouseMessage(error.message, sql);
  if (line === null) return error.line === undefined ? null : error.line - 1;
  return sourceLines(text, sql)[line] ?? null;
}
