import path from "node:path";
import type { ConfigReader } from "./configReader.ts";
import { dbtOption } from "./envVar.ts";
import { expandSettingPath } from "./expandSettingPath.ts";
import type { YamlFile } from "./yamlFile.ts";

export interface ProfilesSearch {
  projectDir: string;
  workspaceDir: string;
  /** Setting floeDbt.profilesDir; empty where not set. */
  profilesDir: string;
  env: NodeJS.ProcessEnv;
  homeDir: string;
}

export interface FoundProfiles {
  file: YamlFile | undefined;
  /** Where it was looked for, in order: the folder, and who named it. */
  searched: { dir: string; because: string }[];
}

/**
 * Finds profiles.yml as dbt does. A folder that was named (setting, DBT_ENGINE_PROFILES_DIR, DBT_PROFILES_DIR) is the only
 * one that counts; otherwise it is the project's own, then `~/.dbt`.
 */
export async function findProfiles(reader: ConfigReader, search: ProfilesSearch): Promise<FoundProfiles> {
  const searched = placesFor(search);
  for (const { dir } of searched) {
    const file = await reader.read(path.join(dir, "profiles.yml"));
    if (file) return { file, searched };
  }
  return { file: undefined, searched };
}

function placesFor(search: ProfilesSearch): FoundProfiles["searched"] {
  const { projectDir, workspaceDir, env, homeDir } = search;
  if (search.profilesDir.trim() !== "") {
    const expanded = expandSettingPath(search.profilesDir, { workspaceFolder: workspaceDir, homeDir, env });
    return [{ dir: path.resolve(workspaceDir, expanded), because: "setting floeDbt.profilesDir" }];
  }
  const named = dbtOption(env, "PROFILES_DIR");
  if (named) return [{ dir: path.resolve(projectDir, named.value), because: named.variable }];
  return [
    { dir: projectDir, because: "the project" },
    { dir: path.join(homeDir, ".dbt"), because: "dbt's default" },
  ];
}
