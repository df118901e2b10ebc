import path from "node:path";
import type { Range } from "vscode-languageserver-protocol";
import { chooseTarget, type ChosenTarget } from "./chooseTarget.ts";
import type { ConfigProblem } from "./configProblem.ts";
import { dbtOption, renderEnvVars, textsIn } from "./envVar.ts";
import type { FoundProfiles } from "./findProfiles.ts";
import { missingVariable, problemAt, problemAtKey } from "./problemAt.ts";
import { isRecord } from "./schemaProblems.ts";
import type { YamlFile } from "./yamlFile.ts";

/** The connection dbt will use. Names only: no value of profiles.yml that could be a secret. */
export interface Profile {
  name: string | null;
  /** The profiles.yml that was read, and its folder; null where none was found. */
  filePath: string | null;
  dir: string | null;
  /** Names of the profile's targets, in the order of the file. */
  targets: string[];
  /** The target in use; null where only dbt can tell. */
  target: string | null;
  adapterType: string | null;
  /** Where `filePath` names the adapter. */
  adapterTypeRange: Range | null;
}

export interface ProfileChoice {
  /** From dbt_project.yml: null is "none named", undefined "only dbt can tell". */
  profileOfProject: string | null | undefined;
  /** Setting floeDbt.target; empty where not set. */
  targetSetting: string;
  env: NodeJS.ProcessEnv;
  /** dbt_project.yml, for the mistakes that belong there. */
  projectFile: YamlFile | undefined;
}

/** Follows the project's profile and target to an adapter, as dbt does, and says where the way ends. */
export function readProfile(
  found: FoundProfiles,
  choice: ProfileChoice,
): { profile: Profile; problems: ConfigProblem[] } {
  const { file } = found;
  const chosen = dbtOption(choice.env, "PROFILE");
  const name = chosen ? chosen.value : choice.profileOfProject;
  const profile: Profile = {
    name: name ?? null,
    filePath: file?.filePath ?? null,
    dir: file ? path.dirname(file.filePath) : null,
    targets: [],
    target: null,
    adapterType: null,
    adapterTypeRange: null,
  };
  const outputs = profileOutputs(found, choice, name, chosen?.variable);
  const problems = [...(file?.problems ?? []), ...outputs.problems];
  if (!file || !name || !outputs.outputs) return { profile, problems };
  profile.targets = Object.keys(outputs.outputs);

  const target = chooseTarget(outputs.profile, choice.targetSetting, choice.env);
  profile.target = target.name;
  problems.push(...target.missing.map((variable) => missingVariable(file, [name, "target"], variable)));
  if (target.name === null) {
    // Whichever target it is: if all have the same adapter, so has this one.
    const types = new Set(Object.values(outputs.outputs).map((output) => adapterOf(output, choice.env)));
    profile.adapterType = types.size === 1 ? ([...types][0] ?? null) : null;
    return { profile, problems };
  }

  const output = Object.hasOwn(outputs.outputs, target.name) ? outputs.outputs[target.name] : undefined;
  profile.adapterType = adapterOf(output, choice.env);
  if (profile.adapterType !== null) {
    profile.adapterTypeRange = file.rangeOfValue([name, "outputs", target.name, "type"]);
  }
  // Much of what looks wrong in a file that does not parse is there only because it does not.
  if (!file.broken) {
    problems.push(...targetProblems(file, choice, { name, targets: profile.targets, target, output }));
  }
  return { profile, problems };
}

/** The profile's entry in profiles.yml, or why there is none. */
function profileOutputs(
  found: FoundProfiles,
  { projectFile }: ProfileChoice,
  name: string | null | undefined,
  namedBy: string | undefined,
): { profile: Record<string, unknown>; outputs?: Record<string, unknown>; problems: ConfigProblem[] } {
  const { file } = found;
  const none = (problems: ConfigProblem[]) => ({ profile: {}, problems });
  const inProject = (code: string, message: string) =>
    none(projectFile && !projectFile.broken ? [problemAt(projectFile, ["profile"], code, message)] : []);

  if (name === undefined) return none([]);
  if (name === null) {
    return inProject(
      "missing-profile",
      '"profile" is missing: it names the profile of profiles.yml to connect with. (The variable DBT_PROFILE can name one, too.)',
    );
  }
  if (!file) {
    const places = found.searched.map(({ dir, because }) => `${dir} (${because})`).join(", ");
    return inProject(
      "no-profiles-file",
      `There is no profiles.yml for profile "${name}". Looked in: ${places}.`,
    );
  }
  const profiles = file.value;
  if (!isRecord(profiles)) {
    const message =
      'profiles.yml is empty or not a mapping. It needs a profile, with "target" and "outputs".';
    return none(file.broken ? [] : [problemAtKey(file, [], "invalid-file", message)]);
  }
  if (!Object.hasOwn(profiles, name)) {
    if (file.broken) return none([]);
    const known = Object.keys(profiles).filter((key) => key !== "config");
    const by = namedBy === undefined ? "" : ` (named by ${namedBy})`;
    const instead = known.length > 0 ? `It has: ${known.join(", ")}.` : "It has none.";
    return inProject("unknown-profile", `There is no profile "${name}"${by} in ${file.filePath}. ${instead}`);
  }
  const profile = profiles[name];
  const outputs = isRecord(profile) ? profile["outputs"] : undefined;
  if (isRecord(profile) && isRecord(outputs) && Object.keys(outputs).length > 0) {
    return { profile, outputs, problems: [] };
  }
  const message = `Profile "${name}" has no targets. They stand under "outputs", each with a "type".`;
  return none(file.broken ? [] : [problemAtKey(file, [name, "outputs"], "missing-outputs", message)]);
}

function targetProblems(
  file: YamlFile,
  { env, projectFile }: ProfileChoice,
  at: { name: string; targets: readonly string[]; target: ChosenTarget; output: unknown },
): ConfigProblem[] {
  const { name, target, output } = at;
  const targetName = target.name ?? "";
  const path = [name, "outputs", targetName];
  if (output === undefined) {
    const message = `Profile "${name}" in ${file.filePath} has no target "${targetName}" (${target.because}). It has: ${at.targets.join(", ")}.`;
    if (target.inProfile) return [problemAt(file, [name, "target"], "unknown-target", message)];
    return projectFile && !projectFile.broken
      ? [problemAt(projectFile, ["profile"], "unknown-target", message)]
      : [];
  }
  if (!isRecord(output)) {
    const message = `Target "${targetName}" must be a mapping with a "type" and how to connect.`;
    return [problemAtKey(file, path, "invalid-value", message)];
  }
  const problems: ConfigProblem[] = [];
  if (typeof output["type"] !== "string") {
    const message = `Target "${targetName}" of profile "${name}" needs a "type": the adapter, such as postgres or duckdb.`;
    problems.push(problemAtKey(file, [...path, "type"], "missing-type", message));
  }
  for (const { text, path: where } of textsIn(output, path)) {
    const [variable] = renderEnvVars(text, env).missing;
    if (variable !== undefined) problems.push(missingVariable(file, where, variable));
  }
  return problems;
}

function adapterOf(output: unknown, env: NodeJS.ProcessEnv): string | null {
  const type = isRecord(output) ? output["type"] : undefined;
  return typeof type === "string" ? renderEnvVars(type, env).text : null;
}
