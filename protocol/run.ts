import type { ProgressToken } from "vscode-languageserver-protocol";
import type { Remedy, RuntimeName } from "./runtime.ts";

/** Running dbt: what is asked for, and what is known of a run while it goes on and after. */

export const runVerbs = ["compile", "run", "test", "build", "seed", "snapshot", "deps"] as const;
export type RunVerb = (typeof runVerbs)[number];

/** What a person asks dbt to do in one project. Selectors are data: each becomes one argument, whatever is in it. */
export interface RunRequest {
  projectDir: string;
  verb: RunVerb;
  /** dbt's node selection syntax; everything where absent. */
  select?: string;
  exclude?: string;
  fullRefresh?: boolean;
  /** `--vars`: a YAML or JSON mapping. */
  vars?: string;
  /** Further options of dbt, one argument each: `["--threads=2", "--fail-fast"]`. */
  flags?: string[];
  /** What it is called in the Runs view, such as "customers and its children"; the selection where absent. */
  title?: string;
}

/**
 * The selection of selectors.yml that is meant, where nothing else is: dbt takes it as `--selector`, and many a dbt does not
 * know it as a method of `--select`.
 */
export function namedSelection({ select, exclude }: Pick<RunRequest, "select" | "exclude">): string | null {
  return exclude ? null : (/^selector:([^\s,:]+)$/.exec(select ?? "")?.[1] ?? null);
}

/** What became of a node, from dbt's many words: pass is success, "no-op" is skipped, "runtime error" is error. */
export const nodeStatuses = [
  "queued",
  "running",
  "success",
  "warn",
  "fail",
  "error",
  "skipped",
  "cancelled",
] as const;
export type NodeStatus = (typeof nodeStatuses)[number];

/** @param word dbt's own word, of an event or of run_results.json */
export function nodeStatus(word: string): NodeStatus {
  switch (word.toLowerCase()) {
    case "success":
    case "pass":
    case "reused":
      return "success";
    case "warn":
      return "warn";
    case "fail":
      return "fail";
    case "skipped":
    case "no-op":
    case "noop":
      return "skipped";
    case "started":
    case "running":
    case "compiling":
    case "executing":
      return "running";
    case "cancelled":
      return "cancelled";
    default:
      return "error";
  }
}

/** One node of a run. */
export interface RunNode {
  uniqueId: string;
  name: string;
  /** "model", "test", "unit_test", "seed", "snapshot", "operation" ... */
  resourceType: string;
  status: NodeStatus;
  /** Milliseconds since the epoch; null where not known. */
  startedAt: number | null;
  seconds: number | null;
  /** What dbt or the warehouse said of it; many lines where it failed. No secret, no ANSI. */
  message: string | null;
  rowsAffected: number | null;
  /** Rows that fail a test. */
  failures: number | null;
  /** Absolute path of the file that defines it, and the 1-based line there that its message is about. */
  filePath: string | null;
  line: number | null;
  /** Absolute path of its compiled SQL, where there is one. */
  compiledPath: string | null;
}

/**
 * - queued: waits for the run before it (dbtRunner is serial)
 * - success: dbt ended well; tests may have warned
 * - failed: dbt ran and something failed
 * - error: dbt could not do it at all; `message` says why
 * - interrupted: the editor was closed while it ran
 */
export const runStates = [
  "queued",
  "running",
  "success",
  "failed",
  "error",
  "cancelled",
  "interrupted",
] as const;
export type RunState = (typeof runStates)[number];

/** A run without its nodes: what changes often, and is small. */
export interface RunHead {
  id: string;
  request: RunRequest;
  /** "customers+", "whole project". */
  title: string;
  /** The command a person would have typed: `dbt run --select customers+`. */
  command: string;
  runtime: RuntimeName;
  target: string | null;
  state: RunState;
  /** Milliseconds since the epoch. */
  queuedAt: number;
  startedAt: number | null;
  endedAt: number | null;
  /** Nodes that dbt said it will run; null until it has. */
  total: number | null;
  /** Why it failed, or what it waits for: one sentence. */
  message: string | null;
  /** What mends what `message` says, where that is known. */
  remedy?: Remedy;
  /** What else a person should know: "runs commit 3f2a, your working tree differs", "answered 503, trying again in 8 s". */
  notices: string[];
  /** A page about this run, where the environment has one. */
  link: string | null;
  /** The parts of a run that an environment divides it into, with the state of each. */
  steps: RunStep[];
}
export interface RunStep {
  name: string;
  state: "queued" | "running" | "success" | "error" | "cancelled" | "skipped";
  seconds: number | null;
  /** While it runs, what it says of nodes that are not known here, and so have no rows: "3 of 12 · main.orders". */
  doing?: string;
}

export interface Run extends RunHead {
  nodes: RunNode[];
}

/** The text of a node or a selection, compiled. */
export interface CompiledText {
  /** Null where it does not compile; `error` says why. */
  sql: string | null;
  uniqueId: string | null;
  name: string;
  /** For each line of `sql` the line of the source it comes from, both 0-based; -1 where there is none. */
  sourceLines: number[];
  error: { message: string; line: number | null; column: number | null } | null;
}

export interface PreviewParams {
  uri: string;
  /** SQL with Jinja to run instead of the document's text: a selection. */
  selection?: string;
  /** Name of a CTE of the document; the one at `position` where it is empty. */
  cte?: string;
  /** Where the selection begins, or which CTE of that name is meant: the nearest. */
  position?: { line: number; character: number };
  limit: number;
  workDoneToken?: ProgressToken;
}
export type PreviewCell = string | number | boolean | null;
/** Rows of a query, as plain values: numbers that do not fit a double, dates and everything else are text. */
export interface PreviewRows {
  columns: { name: string; type: string | null }[];
  rows: PreviewCell[][];
  /** The query that ran, compiled, with the limit in it where there is one. */
  sql: string;
  seconds: number;
  limit: number;
  /** Whether there may be more rows than these. */
  limited: boolean;
  target: string | null;
}
/** Rides as `data` on the error of a preview that failed, besides what every error has. */
export interface PreviewFailure {
  /** The query that was sent to the warehouse, where it got that far. */
  sql?: string;
  /** 0-based line of the document that the message is about. */
  line?: number;
}
