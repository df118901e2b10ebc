import type { Remedy } from "../../protocol/runtime.ts";

export const dbtErrorKinds = [
  "compilation",
  "execution",
  "lint",
  "configuration",
  "environment",
  "authentication",
  "unavailable",
  "cancelled",
] as const;
export type DbtErrorKind = (typeof dbtErrorKinds)[number];

export interface DbtErrorDetails {
  /** Where the mistake is, if it is in a file: absolute path, 1-based line and column. */
  filePath?: string;
  line?: number;
  column?: number;
  /** What to do about it. */
  remedy?: Remedy;
  cause?: unknown;
}

/**
 * dbt, its environment or the network did not do their job. A mistake in the user's SQL is data (a LintIssue), not one of
 * these. Messages are for a person: no stack, no ANSI, no secret.
 */
export abstract class DbtError extends Error {
  abstract readonly kind: DbtErrorKind;
  readonly filePath: string | undefined;
  readonly line: number | undefined;
  readonly column: number | undefined;
  readonly remedy: Remedy | undefined;

  constructor(message: string, details: DbtErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.name = new.target.name;
    this.filePath = details.filePath;
    this.line = details.line;
    this.column = details.column;
    this.remedy = details.remedy;
  }
}

/** dbt could not turn the project or a node into SQL. */
export class DbtCompilationError extends DbtError {
  readonly kind = "compilation";
}
/** A dbt command could not be carried out. A node that failed is a result, not this. */
export class DbtExecutionError extends DbtError {
  readonly kind = "execution";
}
/** Linting itself failed; never "issues were found". */
export class DbtLintError extends DbtError {
  readonly kind = "lint";
}
/** A configuration file or setting is wrong; the message says which, where and what is allowed. */
export class DbtConfigurationError extends DbtError {
  readonly kind = "configuration";
}
/** Something is not installed, or in a version that cannot work; the message says the fix. */
export class DbtEnvironmentError extends DbtError {
  readonly kind = "environment";
}
export class DbtAuthenticationError extends DbtError {
  readonly kind = "authentication";
}
/** Network, rate limit, outage: trying again later may work. */
export class DbtUnavailableError extends DbtError {
  readonly kind = "unavailable";
}
export class DbtCancelledError extends DbtError {
  readonly kind = "cancelled";
}
