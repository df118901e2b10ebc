import * as z from "zod";
import { lintEditSchema, lintSeverities, skippedFileSchema } from "./lint.ts";
import { projectStates } from "./runtime.ts";

/**
 * server <-> worker/ (Python): one JSON object a line, ASCII only, over the worker's stdin and stdout. The same shapes are
 * described for Python in worker/floe_dbt_worker/protocol.py. Unknown keys are tolerated on both sides.
 *
 *   server -> worker   {"id": 1, "method": "lint", "params": {...}}      a request; answered once, with result or error
 *                      {"method": "filesChanged", "params": {...}}       a notification; never answered
 *   worker -> server   {"id": 1, "result": {...}} | {"id": 1, "error": {...}}
 *                      {"id": 1, "event": "wave", ...}                   while request 1 runs
 *                      {"event": "status", ...}                          on its own account
 */

export interface WorkerInitialize {
  projectDir: string;
  profilesDir?: string | undefined;
  target?: string | undefined;
  /** Configuration above the project is looked for up to here. */
  workspaceDir?: string | undefined;
  /** A folder of ours, per project and target: target/, logs/ and the lint cache go here; the user's own are not touched. */
  privateDir: string;
  /** Type of the warehouse's adapter, where it is not the profile's that counts. */
  adapterType?: string | undefined;
}

/** Everything the server can ask, by method. */
export interface WorkerRequests {
  /** Imports what is installed; parses nothing. Always the first request. */
  initialize: { params: WorkerInitialize; result: WorkerHello };
  /** Loads the manifest if it is not loaded or is stale. Answers when the project is ready or degraded. */
  parse: { params: Record<string, never>; result: WorkerParsed };
  lint: {
    params: { paths?: string[]; texts?: Record<string, string>; interactive?: boolean };
    result: WorkerLinted;
  };
  fix: {
    params: { path: string; text?: string; rules?: string[]; format?: boolean };
    result: { text: string | null; reason?: string };
  };
  /** dbt's own compile of one text on the held manifest; goes between two steps of a lint. Writes nothing. */
  compile: {
    params: {
      path: string;
      text?: string;
      fragment?: boolean;
      /** Also answer the query `dbt show` would send for so many rows. */
      limit?: number;
    };
    result: WorkerCompiled;
  };
  /** The held manifest, current: all of it in a file of the private folder, or what changed since the token. */
  manifest: { params: { since: string | null }; result: WorkerManifest };
  /** The process that runs commands ("runner" as its argument): says what the next one will be. Answers when it is ready for it. */
  warm: { params: { parseArgs: string[]; headStart?: string }; result: Record<string, never> };
  /** One dbt command, its log as `dbt` events. It writes where dbt writes. */
  run: {
    params: {
      args: string[];
      /** `dbt parse` of the same project, target and variables; absent where dbt is to parse as it goes. */
      parseArgs?: string[];
      /** Private folder of the process that lints this project and target: its partial parse is as good as one of one's own. */
      headStart?: string;
      /** Where dbt would leave its partial parse. */
      partialParse?: string;
    };
    result: WorkerRan;
  };
  query: {
    params: {
      sql: string;
      limit: number;
      profiles_dir?: string | undefined;
      target?: string | undefined;
    };
    result: WorkerRows;
  };
  status: { params: Record<string, never>; result: { memoryBytes: number | null; state: string } };
  shutdown: { params: Record<string, never>; result: Record<string, never> };
}
export type WorkerMethod = keyof WorkerRequests;

export interface WorkerNotifications {
  /** Absolute paths that changed, appeared or went on disk. */
  filesChanged: { paths: string[] };
  /** Give up request `id`; it is answered with an error of kind "cancelled". */
  cancel: { id: number };
}

export const workerIssueSchema = z.object({
  line: z.int().min(1),
  column: z.int().min(1),
  endLine: z.int().min(1).nullish(),
  endColumn: z.int().min(1).nullish(),
  severity: z.enum(lintSeverities),
  ruleCode: z.string(),
  ruleName: z.string().nullish(),
  message: z.string(),
  source: z.enum(["sqlfluff", "dbt"]),
  fixable: z.boolean(),
  edits: z.array(lintEditSchema).nullish(),
});
export type WorkerIssue = z.infer<typeof workerIssueSchema>;

export const workerHelloSchema = z.object({
  pid: z.int(),
  /** "python", "dbt-core", "dbt-duckdb", "sqlfluff", "sqlfluff-templater-dbt", "sqlfluffrs" ... those that are installed. */
  versions: z.record(z.string(), z.string()),
  capabilities: z.array(z.string()),
  problems: z.array(z.object({ code: z.string(), message: z.string() })),
});
export type WorkerHello = z.infer<typeof workerHelloSchema>;

export const workerParsedSchema = z.object({
  state: z.enum(["ready", "degraded"]),
  reason: z.string().nullish(),
  target: z.string().nullish(),
  adapter: z.string().nullish(),
});
export type WorkerParsed = z.infer<typeof workerParsedSchema>;

export const workerLintedSchema = z.object({
  linted: z.array(z.string()),
  skipped: z.array(skippedFileSchema),
});
export type WorkerLinted = z.infer<typeof workerLintedSchema>;

export const workerFixedSchema = z.object({ text: z.string().nullable(), reason: z.string().nullish() });
export const workerCompiledSchema = z.object({
  /** Null where it does not compile: `error` says why, line and column from 1 in the text that was given. */
  sql: z.string().nullable(),
  uniqueId: z.string().nullable(),
  name: z.string(),
  error: z.object({ message: z.string(), line: z.int().nullable(), column: z.int().nullable() }).nullable(),
  query: z.string().nullish(),
});
export type WorkerCompiled = z.infer<typeof workerCompiledSchema>;
export const workerManifestSchema = z.union([
  z.object({ token: z.string(), file: z.string() }),
  z.object({
    token: z.string(),
    /** By section and id; null: gone. */
    changed: z.record(z.string(), z.record(z.string(), z.unknown())),
  }),
]);
export type WorkerManifest = z.infer<typeof workerManifestSchema>;
export const workerRanSchema = z.object({
  exitCode: z.int(),
  seconds: z.number(),
  /** The arguments are not dbt's: its own command line says which and why. */
  usage: z.boolean(),
});
export type WorkerRan = z.infer<typeof workerRanSchema>;
export const workerRowsSchema = z.object({
  columns: z.array(z.object({ name: z.string(), type: z.string().nullable() })),
  rows: z.array(z.array(z.union([z.string(), z.number(), z.boolean(), z.null()]))),
  seconds: z.number(),
});
export type WorkerRows = z.infer<typeof workerRowsSchema>;
export const workerStatusSchema = z.object({ memoryBytes: z.number().nullable(), state: z.string() });

export const workerErrorSchema = z.object({
  kind: z.enum(["compilation", "execution", "lint", "configuration", "environment", "cancelled", "internal"]),
  message: z.string(),
  filePath: z.string().nullish(),
  line: z.int().nullish(),
  column: z.int().nullish(),
});
export type WorkerError = z.infer<typeof workerErrorSchema>;

export const workerEventSchema = z.discriminatedUnion("event", [
  /** Template and parse errors of one file, before its rules have run. */
  z.object({ event: z.literal("wave"), filePath: z.string(), issues: z.array(workerIssueSchema) }),
  /** One file's final answer. */
  z.object({
    event: z.literal("file"),
    filePath: z.string(),
    issues: z.array(workerIssueSchema),
    skipped: z.string().nullish(),
  }),
  z.object({ event: z.literal("progress"), done: z.int(), total: z.int(), label: z.string() }),
  z.object({
    event: z.literal("status"),
    state: z.enum(projectStates),
    reason: z.string().nullish(),
    filePath: z.string().nullish(),
    line: z.int().nullish(),
    /** Another number: files may render in another way than before. */
    generation: z.int().optional(),
    /** Another number: `manifest` has something new to tell. */
    manifest: z.int().optional(),
  }),
  /** A line of dbt's structured log. */
  z.object({ event: z.literal("dbt"), line: z.unknown() }),
  z.object({
    event: z.literal("log"),
    level: z.enum(["debug", "info", "warn", "error"]),
    message: z.string(),
  }),
]);
export type WorkerEvent = z.infer<typeof workerEventSchema>;

/** Any line a worker may print. */
export const workerLineSchema = z.union([
  z
    .object({ id: z.int(), result: z.unknown() })
    .refine((line) => "result" in line && line.result !== undefined),
  z.object({ id: z.int(), error: workerErrorSchema }),
  z.object({ id: z.int().optional(), event: z.string() }).loose(),
]);
