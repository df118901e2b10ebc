import path from "node:path";
import { z } from "zod";
import type { PreviewCell } from "../../../protocol/run.ts";
import type { Call, CompiledNode, CompileRequest, PreviewRequest, QueryRows } from "../dbtPlugin.ts";
import { DbtCompilationError, DbtEnvironmentError, DbtExecutionError } from "../errors.ts";
import { driverProblem } from "./driverProblem.ts";
import type { Checked, EngineCheck, Ready } from "./engineCheck.ts";
import { engineFailure } from "./engineFailure.ts";
import { userPath } from "./engineMessage.ts";

/** Compiles one file as it is in the editor, or a fragment in its place. @throws DbtError */
export async function compileNode(
  check: EngineCheck,
  ready: Ready,
  request: CompileRequest,
  call: Call,
): Promise<CompiledNode> {
  const texts =
    request.text === undefined ? new Map<string, string>() : new Map([[request.path, request.text]]);
  const checked = await check.check(ready, texts, request.path, call);
  const fallback = path.basename(request.path).replace(/\.\w+$/, "");
  const error = checked.sql === null ? errorIn(checked, check, ready, request.path) : null;
  return {
    sql: error ? null : (checked.sql?.trim() ?? null),
    uniqueId: request.fragment ? null : checked.uniqueId,
    name: checked.name ?? fallback,
    error,
  };
}

/** The first error of the file, else the first of the project: that is why nothing was compiled. */
function errorIn(
  checked: Checked,
  check: EngineCheck,
  { environment: { config } }: Ready,
  filePath: string,
): NonNullable<CompiledNode["error"]> {
  const errors = [...checked.node, ...checked.parse].filter(({ severity }) => severity === "error");
  const fileOf = (file: string | null): string | null =>
    file === null
      ? null
      : userPath(file, {
          projectDir: config.projectDir,
          base: checked.base,
          targetDirs: [check.targetDir, config.paths.target],
        });
  const own = errors.find(({ file }) => fileOf(file) === filePath);
  if (own) return { message: own.message, line: own.line, column: own.column };
  const other = errors[0];
  if (other) {
    const where = fileOf(other.file);
    const place =
      where === null
        ? ""
        : ` (${path.relative(config.projectDir, where)}${other.line === null ? "" : `, line ${other.line}`})`;
    return { message: `${other.message}${place}`, line: null, column: null };
  }
  return {
    message: "The engine compiled nothing of this file: it is no node of the project.",
    line: null,
    column: null,
  };
}

const rowsSchema = z.array(z.record(z.string(), z.unknown()));

/**
 * Rows of a query. The query stands in the file's place in the copy of the project, so it has the file's context; the
 * engine runs it in the project's own folder, where a relative path of profiles.yml leads to the user's database.
 * @throws DbtExecutionError with the warehouse's words
 */
export async function previewRows(
  check: EngineCheck,
  ready: Ready,
  request: PreviewRequest,
  call: Call,
): Promise<QueryRows> {
  const { config } = ready.environment;
  const startedAt = performance.now();
  const relative = path.relative(config.projectDir, request.path);
  const texts =
    request.text === undefined ? new Map<string, string>() : new Map([[request.path, request.text]]);
  const { outcome, sql } = await check.show(ready, texts, relative, request.limit, call);
  const errors = outcome.diagnostics.filter(({ severity }) => severity === "error");
  if (!outcome.shown || errors.length > 0) {
    const said = errors.map(({ message }) => message).join("\n");
    const driver = driverProblem(said);
    if (driver) throw new DbtEnvironmentError(driver.message, { remedy: driver.remedy });
    const mistake = errors.find(({ code, message }) => code !== "dbt1308" && !isWarehouses(message));
    if (mistake) {
      const own = errorIn(
        { parse: [], node: errors, dropped: 0, sql: null, uniqueId: null, name: null, base: check.dir },
        check,
        ready,
        request.path,
      );
      throw new DbtCompilationError(own.message, {
        filePath: request.path,
        ...(own.line !== null && { line: own.line }),
        ...(own.column !== null && { column: own.column }),
      });
    }
    if (said !== "") throw new DbtExecutionError(said);
    if (outcome.exitCode === 0) {
      throw new DbtExecutionError(
        "The engine showed no rows: this file is no model, test or analysis of the project.",
      );
    }
    throw engineFailure("show", outcome, config, check.dir);
  }
  const { preview, columns: said } = outcome.shown;
  const rows = rowsSchema.safeParse(parseExactly(preview)).data ?? [];
  const columns = said.length > 0 ? said : Object.keys(rows[0] ?? {});
  return {
    columns: columns.map((name) => ({ name, type: null })),
    rows: rows.slice(0, request.limit).map((row) => columns.map((name) => cell(row[name]))),
    sql: sql ?? request.text ?? "",
    seconds: (performance.now() - startedAt) / 1000,
  };
}

/** Whether it is the warehouse that speaks: "Binder Error: ...", "Catalog Error: ...". */
function isWarehouses(message: string): boolean {
  return /^(Database Error|\w+ Error: )|sqlstate/.test(message);
}

/** Numbers beyond a double stay what they are, as text. */
function parseExactly(text: string): unknown {
  try {
    return JSON.parse(text, (_key, value: unknown, context?: { source?: string }) => {
      if (typeof value !== "number" || context?.source === undefined) return value;
      const isExact = !/^-?\d{16,}$/.test(context.source) || Number.isSafeInteger(value);
      return isExact ? value : context.source;
    });
  } catch {
    return null;
  }
}

function cell(value: unknown): PreviewCell {
  if (value === null || value === undefined) return null;
  if (typeof value === "string" || typeof value === "number" || typeof value === "boolean") return value;
  return JSON.stringify(value);
}
