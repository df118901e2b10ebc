import path from "node:path";
import * as z from "zod";
import type { PreviewCell } from "../../../protocol/run.ts";
import type { Call, CompiledNode, CompileRequest, PreviewRequest, QueryRows } from "../dbtPlugin.ts";
import type { ProjectConfig } from "../../config/projectConfig.ts";
import { isInside } from "../../platform/paths.ts";
import { withAdvice } from "../advice.ts";
import {
  DbtCompilationError,
  DbtConfigurationError,
  DbtEnvironmentError,
  DbtExecutionError,
} from "../errors.ts";
import { driverProblem } from "./driverProblem.ts";
import type { Checked, EngineCheck, Ready } from "./engineCheck.ts";
import { engineFailure } from "./engineFailure.ts";
import { userPath } from "./engineMessage.ts";
import { exists } from "../../platform/exists.ts";

/**
 * Compiles one file as it is in the editor, or a fragment in its place.
 * @throws DbtConfigurationError for a file that defines no node
 * @throws DbtCompilationError with file and position where another file keeps the engine from reading the project
 */
export async function compileNode(
  check: EngineCheck,
  ready: Ready,
  request: CompileRequest,
  call: Call,
): Promise<CompiledNode> {
  const { config } = ready.environment;
  const place = placeOf(request, config);
  const checked = await check.check(ready, textsOf(request, place), place, call);
  const isSaved = await exists(request.path);
  const known = isSaved && !request.fragment ? (checked.uniqueId ?? idByFolder(place, config)) : null;
  const name = path.basename(request.path).replace(/\.\w+$/, "");
  if (checked.sql !== null) {
    return { sql: checked.sql, uniqueId: known, name: checked.name ?? name, error: null };
  }
  const error = errorIn(checked, check, ready, place);
  if (error === null) {
    throw new DbtConfigurationError(
      `${path.relative(config.projectDir, request.path)} defines no model, test, snapshot or analysis of the project, or one that is disabled: there is nothing to compile.`,
    );
  }
  return { sql: null, uniqueId: known, name: checked.name ?? name, error };
}

/**
 * Where the text stands in the copy of the project. A fragment has the context of its file; in a file that is no query,
 * such as a macro's, that of a model of its own.
 */
function placeOf({ path: filePath, fragment }: CompileRequest, config: ProjectConfig): string {
  if (!fragment) return filePath;
  const { models, tests, analyses } = config.paths;
  const isQuery =
    /\.sql$/i.test(filePath) && [...models, ...tests, ...analyses].some((root) => isInside(filePath, root));
  return isQuery ? filePath : path.join(models[0] ?? config.projectDir, "floe_dbt_fragment.sql");
}

function textsOf({ text }: CompileRequest, place: string): ReadonlyMap<string, string> {
  return text === undefined ? new Map() : new Map([[place, text]]);
}

/** The engine names no node that it could not compile; its name and folder say which it is. */
function idByFolder(filePath: string, { name, paths }: ProjectConfig): string | null {
  const types = { model: paths.models, test: paths.tests, analysis: paths.analyses };
  const [type] =
    Object.entries(types).find(([, roots]) => roots.some((root) => isInside(filePath, root))) ?? [];
  return type === undefined ? null : `${type}.${name}.${path.basename(filePath).replace(/\.\w+$/, "")}`;
}

/**
 * Why nothing was compiled: the error in the file itself, else what was said of its node. Null where nothing was said.
 * @throws DbtCompilationError where the reason is in another file
 */
function errorIn(
  checked: Checked,
  check: EngineCheck,
  { environment: { config } }: Ready,
  filePath: string,
): CompiledNode["error"] {
  const errors = [...checked.node, ...checked.parse]
    .filter(({ severity }) => severity === "error")
    .map((said) => ({
      ...said,
      file:
        said.file === null
          ? null
          : userPath(said.file, {
              projectDir: config.projectDir,
              base: checked.base,
              targetDirs: [check.targetDir, config.paths.target],
            }),
    }));
  const own = errors.find(({ file }) => file === filePath);
  // A file that cannot be read takes its sources with it: those then are unknown in this file, which is not its mistake.
  const unreadable = errors.find(({ code, file }) => code === unreadableYaml && file !== filePath);
  if (own && !unreadable) return { message: own.message, line: own.line, column: own.column };
  const other = unreadable ?? errors[0];
  if (!other) return null;
  const { message, file, line, column } = other;
  if (file === null) return { message, line: null, column: null };
  throw new DbtCompilationError(message, {
    filePath: file,
    ...(line !== null && { line }),
    ...(column !== null && { column }),
  });
}

/** The code of YAML that does not parse. */
const unreadableYaml = "dbt1013";

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
  const place = placeOf(request, config);
  const relative = path.relative(config.projectDir, place);
  const { outcome, sql } = await check.show(ready, textsOf(request, place), relative, request.limit, call);
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
        place,
      );
      throw new DbtCompilationError(own?.message ?? mistake.message, {
        filePath: request.path,
        ...(own && own.line !== null && { line: own.line }),
        ...(own && own.column !== null && { column: own.column }),
      });
    }
    if (said !== "") throw new DbtExecutionError(withAdvice(said));
    if (outcome.exitCode === 0) {
      throw new DbtExecutionError(
        "The engine showed no rows: this file is no model, test or analysis of the project.",
      );
    }
    throw engineFailure("show", outcome, config, check.dir);
  }
  const { preview, columns: said } = outcome.shown;
  const records = rowsSchema.safeParse(parseExactly(preview)).data ?? [];
  const columns = said.length > 0 ? said : Object.keys(records[0] ?? {});
  const rows = records.slice(0, request.limit).map((row) => columns.map((name) => row[name]));
  return {
    columns: columns.map((name) => ({ name, type: null })),
    rows: plainCells(rows),
    // The engine ran it with a limit of its own.
    sql: sql ?? request.text ?? "",
    seconds: (performance.now() - startedAt) / 1000,
  };
}

/** Whether it is the warehouse that speaks: "Binder Error: ...", "Catalog Error: ...". */
function isWarehouses(message: string): boolean {
  return /^(Database Error|\w+ Error: )|sqlstate/.test(message);
}

/** A number as the engine wrote it: only that tells a decimal from a double. */
class WrittenNumber {
  readonly text: string;
  readonly value: number;
  constructor(text: string, value: number) {
    this.text = text;
    this.value = value;
  }
}

function parseExactly(text: string): unknown {
  try {
    return JSON.parse(text, (_key, value: unknown, context?: { source?: string }) =>
      typeof value === "number" && context?.source !== undefined
        ? new WrittenNumber(context.source, value)
        : value,
    );
  } catch {
    return null;
  }
}

/**
 * The grid's plain values. The engine says no types, so a column's are told by how its numbers are written: integers
 * beyond a double, and decimals with the places of their type ("1.50"), stay text as they are.
 */
function plainCells(rows: readonly unknown[][]): PreviewCell[][] {
  const isDecimal = (rows[0] ?? []).map((_cell, at) =>
    rows.some((row) => {
      const cell = row[at];
      return cell instanceof WrittenNumber && /\.\d+0$/.test(cell.text);
    }),
  );
  return rows.map((row) => row.map((value, at) => plainCell(value, isDecimal[at] ?? false)));
}

function plainCell(value: unknown, isDecimal: boolean): PreviewCell {
  if (value === null || value === undefined) return null;
  if (value instanceof WrittenNumber) {
    const isTooLong = /^-?\d{16,}$/.test(value.text) && !Number.isSafeInteger(value.value);
    return isDecimal || isTooLong ? value.text : value.value;
  }
  if (typeof value === "string" || typeof value === "boolean") return value;
  return JSON.stringify(value, (_key, inner: unknown) =>
    inner instanceof WrittenNumber ? inner.value : inner,
  );
}
