import { DbtConfigurationError } from "../errors.ts";
import type { RunSelection } from "../dbtPlugin.ts";

export type CloudVerb = "compile" | "run" | "test" | "build" | "seed" | "snapshot";

/** What a step of a job is, as dbt Cloud wants it: one line that it splits as a shell would. Selectors stay data. */
export function stepCommand(verb: CloudVerb, selection: RunSelection): string {
  const { select, exclude, fullRefresh, vars, flags = [] } = selection;
  const refreshes = verb === "run" || verb === "build" || verb === "seed";
  return [
    "dbt",
    verb,
    ...(select ? [`--select=${quoted(select, "selection")}`] : []),
    ...(exclude ? [`--exclude=${quoted(exclude, "exclusion")}`] : []),
    ...(fullRefresh && refreshes ? ["--full-refresh"] : []),
    ...(vars ? [`--vars=${quoted(vars, "variables")}`] : []),
    ...flags.map((flag) => quoted(flag, "option")),
  ].join(" ");
}

/** @throws DbtConfigurationError for what no quoting makes safe in a line of which we do not know who reads it first */
function quoted(text: string, what: string): string {
  if (/[\u0000-\u001f\u007f`]|\$\(/.test(text)) {
    throw new DbtConfigurationError(
      `The ${what} ${JSON.stringify(text)} cannot be sent to dbt Cloud: line breaks, backquotes and "$(" are not allowed there.`,
    );
  }
  return /^[\w@%+=:,./*-]+$/.test(text) ? text : `'${text.replaceAll("'", `'"'"'`)}'`;
}

const withResults = new Set(["run", "build", "test", "seed", "snapshot", "compile", "retry"]);
/** dbt's commands: the first in a line that is one is what the line does, whatever options and their values are before it. */
const verbs =
  /\s(build|clean|clone|compile|deps|docs|list|ls|parse|retry|run|run-operation|seed|show|snapshot|source|test)(?=\s|$)/;

/** The command of a step by its name, "Invoke dbt with `dbt run`"; null for steps of dbt Cloud's own. */
export const commandOf = (stepName: string): string | null => /`([^`]+)`/.exec(stepName)?.[1]?.trim() ?? null;

/**
 * The step whose artifacts are what a command did. Not the last of the run: `dbt docs generate` comes after, and its
 * run_results.json says "success" of tests that never ran; so may `dbt run-operation`, with results of its own.
 */
export function resultStep<
  Step extends { index: number; name?: string | null | undefined; status?: number | null | undefined },
>(steps: readonly Step[]): Step | null {
  return (
    steps
      .filter(({ name, status }) => {
        const [, verb = ""] = verbs.exec(commandOf(name ?? "") ?? "") ?? [];
        return (status ?? 0) >= 10 && withResults.has(verb);
      })
      .toSorted((a, b) => b.index - a.index)[0] ?? null
  );
}
