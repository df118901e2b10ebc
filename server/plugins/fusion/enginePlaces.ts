import path from "node:path";
import { foldersUpTo } from "../../platform/paths.ts";

/** One place where the engine may be. */
export interface EnginePlace {
  /** Numbered group and place, for a person. */
  label: string;
  files: string[];
}

export interface EnginePlacesInput {
  projectDir: string;
  workspaceDir?: string | undefined;
  homeDir: string;
  env: NodeJS.ProcessEnv;
  /** Python environment chosen for the project elsewhere: its interpreter, or null. */
  interpreter: string | null;
  platform?: NodeJS.Platform;
}

/** The places in the order of the search, without the explicit ones (setting, manifest.yaml). */
export function enginePlaces(input: EnginePlacesInput): EnginePlace[] {
  const { env, homeDir } = input;
  const platform = input.platform ?? process.platform;
  const isWindows = platform === "win32";
  const names = ["dbtf", "dbt"].map((name) => (isWindows ? `${name}.exe` : name));
  const scripts = isWindows ? "Scripts" : "bin";
  const inFolder = (folder: string): string[] => names.map((name) => path.join(folder, name));
  const at = (label: string, ...folders: (string | undefined)[]): EnginePlace[] =>
    folders
      .filter((folder) => folder !== undefined && folder !== "")
      .map((folder) => ({ label: `${label} ${folder}`, files: inFolder(folder ?? "") }));
  const local = env.LOCALAPPDATA;
  return [
    ...at("2. Python environment", input.interpreter === null ? undefined : path.dirname(input.interpreter)),
    ...foldersUpTo(input.projectDir, input.workspaceDir ?? input.projectDir).flatMap((folder) =>
      [".venv", "venv", "env"].flatMap((name) => at("2.", path.join(folder, name, scripts))),
    ),
    ...at("2. VIRTUAL_ENV", env.VIRTUAL_ENV && path.join(env.VIRTUAL_ENV, scripts)),
    ...at("2. CONDA_PREFIX", env.CONDA_PREFIX && path.join(env.CONDA_PREFIX, scripts)),
    ...at("3.", path.join(homeDir, ".local", "bin")),
    ...(isWindows
      ? at("4.", local && path.join(local, "dbt"), local && path.join(local, "Programs", "dbt"))
      : at("4.", "/opt/homebrew/bin", "/usr/local/bin", path.join(homeDir, ".dbt", "bin"))),
    ...(env.PATH ?? env.Path ?? "")
      .split(path.delimiter)
      .filter((folder) => path.isAbsolute(folder))
      .flatMap((folder) => at("5. PATH,", folder)),
  ];
}
