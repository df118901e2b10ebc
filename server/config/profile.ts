import path from "node:path";
import type { Range } from "vscode-languageserver-protocol";
import type { ConfigProblem } from "./configProblem.ts";
import { missingVariable } from "./dbtProjectFile.ts";
import { dbtOption, renderEnvVars, textsIn } from "./envVar.ts";
import type { FoundProfiles } from "./findProfiles.ts";
import { isRecord } from "./schemaProblems.ts";
import type { YamlFile, YamlPath } from "./yamlFile.ts";

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
  /** From dbt_project.yml: null is "none named", undefined "Jinja that only dbt can evaluate". */
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
  const problems: ConfigProblem[] = [];
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
  const done = { profile, problems: [...(file?.problems ?? []), ...problems] };

  const inProject = (code: string, message: string) => {
    const at = choice.projectFile;
    if (at && !at.broken) {
      done.problems.push({
        filePath: at.filePath,
        range: at.rangeOfValue(["profile"]),
        severity: "error",
        code,
        message,
      });
    }
    return done;
  };
  const inProfiles = (at: YamlPath, code: string, message: string, atKey = false) => {
    // What seems to be missing in a file that does not parse may well be there.
    if (file && !file.broken) {
      const range = atKey ? file.rangeOfKey(at) : file.rangeOfValue(at);
      done.problems.push({ filePath: file.filePath, range, severity: "error", code, message });
    }
    return done;
  };

  if (name === undefined) return done;
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
  if (!isRecord(file.value)) {
    return inProfiles(
      [],
      "invalid-file",
      'profiles.yml is empty or not a mapping. It needs a profile, with "target" and "outputs".',
    );
  }
  if (!Object.hasOwn(file.value, name)) {
    if (file.broken) return done;
    const known = Object.keys(file.value).filter((key) => key !== "config");
    const byWhom = chosen ? ` (named by ${chosen.variable})` : "";
    return inProject(
      "unknown-profile",
      `There is no profile "${name}"${byWhom} in ${file.filePath}. ${known.length > 0 ? `It has: ${known.join(", ")}.` : "It has none."}`,
    );
  }
  const raw = file.value[name];
  const outputs = isRecord(raw) ? raw["outputs"] : undefined;
  if (!isRecord(raw) || !isRecord(outputs) || Object.keys(outputs).length === 0) {
    const at = isRecord(raw) && "outputs" in raw ? [name, "outputs"] : [name];
    return inProfiles(
      at,
      "missing-outputs",
      `Profile "${name}" has no targets. They stand under "outputs", each with a "type".`,
      true,
    );
  }
  profile.targets = Object.keys(outputs);

  const target = targetOf(raw, choice);
  for (const variable of target.missing)
    done.problems.push(missingVariable(file, [name, "target"], variable));
  if (target.name === null) {
    // Whichever target it is: if all have the same adapter, so has this one.
    const types = new Set(Object.values(outputs).map((output) => adapterOf(output, choice.env)));
    profile.adapterType = types.size === 1 ? ([...types][0] ?? null) : null;
    return done;
  }
  profile.target = target.name;
  if (!Object.hasOwn(outputs, target.name)) {
    const message = `Profile "${name}" in ${file.filePath} has no target "${target.name}" (${target.because}). It has: ${profile.targets.join(", ")}.`;
    if (target.from === "outside") return inProject("unknown-target", message);
    return inProfiles([name, "target"], "unknown-target", message);
  }

  const at = [name, "outputs", target.name];
  const output = outputs[target.name];
  if (!isRecord(output)) {
    return inProfiles(
      at,
      "invalid-value",
      `Target "${target.name}" must be a mapping with a "type" and how to connect.`,
      true,
    );
  }
  for (const { text, path: where } of textsIn(output, at)) {
    const [variable] = renderEnvVars(text, choice.env).missing;
    if (variable !== undefined) done.problems.push(missingVariable(file, where, variable));
  }
  if (typeof output["type"] !== "string") {
    return inProfiles(
      at,
      "missing-type",
      `Target "${target.name}" of profile "${name}" needs a "type": the adapter, such as postgres or duckdb.`,
      true,
    );
  }
  profile.adapterType = adapterOf(output, choice.env);
  profile.adapterTypeRange = file.rangeOfValue([...at, "type"]);
  return done;
}

interface ChosenTarget {
  name: string | null;
  /** "outside" is a setting or variable: there is no place in a file to mend. */
  from: "outside" | "profile";
  because: string;
  missing: string[];
}

function targetOf(raw: Record<string, unknown>, choice: ProfileChoice): ChosenTarget {
  const outside = (name: string, because: string): ChosenTarget => ({
    name,
    from: "outside",
    because,
    missing: [],
  });
  if (choice.targetSetting.trim() !== "")
    return outside(choice.targetSetting.trim(), "setting floeDbt.target");
  const option = dbtOption(choice.env, "TARGET");
  if (option) return outside(option.value, option.variable);
  const named = raw["target"];
  if (named === undefined) {
    return {
      name: "default",
      from: "profile",
      because: 'dbt\'s default where "target" is not set',
      missing: [],
    };
  }
  const rendered = renderEnvVars(typeof named === "string" ? named : JSON.stringify(named), choice.env);
  return {
    name: rendered.text,
    from: "profile",
    because: '"target" of the profile',
    missing: rendered.missing,
  };
}

function adapterOf(output: unknown, env: NodeJS.ProcessEnv): string | null {
  const type = isRecord(output) ? output["type"] : undefined;
  return typeof type === "string" ? renderEnvVars(type, env).text : null;
}
