import { dbtOption, renderEnvVars } from "./envVar.ts";

export interface ChosenTarget {
  /** null where only dbt can tell. */
  name: string | null;
  /** Who chose it, for a person. */
  because: string;
  /** Whether profiles.yml itself names it: then a mistake is mended there. */
  inProfile: boolean;
  /** Environment variables it asks for that are not set. */
  missing: string[];
}

/** The target of a profile: the setting, else DBT_ENGINE_TARGET or DBT_TARGET, else the profile's own, else "default". */
export function chooseTarget(
  profile: Record<string, unknown>,
  targetSetting: string,
  env: NodeJS.ProcessEnv,
): ChosenTarget {
  const setting = targetSetting.trim();
  if (setting !== "") {
    return { name: setting, because: "setting floeDbt.target", inProfile: false, missing: [] };
  }
  const option = dbtOption(env, "TARGET");
  if (option) return { name: option.value, because: option.variable, inProfile: false, missing: [] };
  const named = profile["target"];
  if (named === undefined) {
    const because = 'dbt\'s default where "target" is not set';
    return { name: "default", because, inProfile: true, missing: [] };
  }
  const { text, missing } = renderEnvVars(typeof named === "string" ? named : JSON.stringify(named), env);
  return { name: text, because: '"target" of the profile', inProfile: true, missing };
}
