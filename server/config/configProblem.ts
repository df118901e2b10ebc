import path from "node:path";
import type { Range } from "vscode-languageserver-protocol";

/** One mistake in a configuration file, at the key it is about. */
export interface ConfigProblem {
  /** Absolute path of the file the mistake is in. */
  filePath: string;
  /** 0-based lines and UTF-16 columns, as in the Language Server Protocol. */
  range: Range;
  severity: "error" | "warning" | "info";
  /** Stable and short, such as "unknown-profile". */
  code: string;
  /** What is wrong and what to do. Never holds a value of profiles.yml or of a secret. */
  message: string;
}

const dbtFiles = ["dbt_project.yml", "profiles.yml", "packages.yml", "dependencies.yml", "selectors.yml"];

/** The errors that keep dbt itself from reading a project; those in floe's files only concern us. */
export function mistakesDbtStumblesOver(problems: readonly ConfigProblem[]): ConfigProblem[] {
  return problems.filter(
    ({ severity, filePath }) => severity === "error" && dbtFiles.includes(path.basename(filePath)),
  );
}

/** Where a person looks first: 1-based, as errors tell it. Empty where nothing is wrong. */
export function placeOfFirstError(
  problems: readonly ConfigProblem[],
): { filePath: string; line: number; column: number } | Record<string, never> {
  const mistake = problems.find(({ severity }) => severity === "error");
  if (!mistake) return {};
  const { start } = mistake.range;
  return { filePath: mistake.filePath, line: start.line + 1, column: start.character + 1 };
}
