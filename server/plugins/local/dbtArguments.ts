import type { RunSelection } from "../dbtPlugin.ts";

export type DbtVerb = "compile" | "run" | "test" | "build" | "seed" | "snapshot" | "deps" | "list" | "parse";

export interface DbtInvocation {
  verb: DbtVerb;
  projectDir: string;
  profilesDir: string | undefined;
  target: string | undefined;
  selection: RunSelection;
  /** A folder of ours for the artifacts of a command that must leave the user's target/ alone. */
  targetPath?: string | undefined;
  /** Partial parse to begin with; dbt itself checks whether it fits. */
  partialParse?: string | undefined;
}

const refreshable: readonly DbtVerb[] = ["run", "build", "seed", "compile"];

/** Selectors and variables are data: one argument each, with "=", so that none can be taken for an option. */
export function dbtArguments(invocation: DbtInvocation): string[] {
  const { verb, projectDir, profilesDir, target, selection, targetPath, partialParse } = invocation;
  const flags = [...(selection.flags ?? [])];
  return [
    verb,
    "--project-dir",
    projectDir,
    ...(profilesDir === undefined ? [] : ["--profiles-dir", profilesDir]),
    ...(target === undefined ? [] : [`--target=${target}`]),
    ...(targetPath === undefined ? [] : [`--target-path=${targetPath}`]),
    ...(partialParse === undefined ? [] : [`--partial-parse-file-path=${partialParse}`]),
    ...(selection.select ? [`--select=${selection.select}`] : []),
    ...(selection.exclude ? [`--exclude=${selection.exclude}`] : []),
    ...(selection.vars ? [`--vars=${selection.vars}`] : []),
    ...(selection.fullRefresh && refreshable.includes(verb) ? ["--full-refresh"] : []),
    ...(verb === "list" ? ["--output=json", ...listKeys.flatMap((key) => ["--output-keys", key])] : []),
    ...flags,
  ];
}

const listKeys = ["unique_id", "name", "resource_type", "package_name", "original_file_path"];

/** The value of an option among a person's own flags, in either spelling; the last one counts, as for dbt. */
export function flagValue(flags: readonly string[] | undefined, option: string): string | undefined {
  let value: string | undefined;
  for (const [index, flag] of (flags ?? []).entries()) {
    if (flag.startsWith(`${option}=`)) value = flag.slice(option.length + 1);
    else if (flag === option) value = flags?.[index + 1];
  }
  return value;
}

/** Options that have no say in what dbt makes of the project's files. */
const harmless = new Set([
  "--threads",
  "--fail-fast",
  "--no-fail-fast",
  "-x",
  "--full-refresh",
  "--store-failures",
  "--no-store-failures",
  "--indirect-selection",
  "--resource-type",
  "--resource-types",
  "--exclude-resource-type",
  "--exclude-resource-types",
  "--empty",
  "--no-empty",
  "--event-time-start",
  "--event-time-end",
  "--quiet",
  "--no-quiet",
  "--print",
  "--no-print",
]);

/**
 * `dbt parse` of what this command will run.
 * @returns undefined where one of a person's own options may change what that gives
 */
export function parseArguments(invocation: DbtInvocation): string[] | undefined {
  const { selection } = invocation;
  if (invocation.verb === "deps") return undefined;
  const options = (selection.flags ?? []).filter((flag) => flag.startsWith("-"));
  if (options.some((flag) => !harmless.has(flag.replace(/=.*/s, "")))) return undefined;
  const { projectDir, profilesDir, target } = invocation;
  return dbtArguments({
    verb: "parse",
    projectDir,
    profilesDir,
    target,
    selection: selection.vars ? { vars: selection.vars } : {},
  });
}
