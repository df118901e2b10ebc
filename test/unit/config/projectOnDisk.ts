import { mkdir, mkdtemp, realpath, rm, writeFile } from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import {
  loadProjectConfig,
  type ProjectConfig,
  type ProjectConfigOptions,
} from "../../../server/config/projectConfig.ts";

/** A folder of files that goes away at the end of the test. */
export interface Folder extends AsyncDisposable {
  dir: string;
  /** Absolute path of a file in it. */
  at(relative: string): string;
  write(relative: string, content: string | Uint8Array): Promise<void>;
}

export async function folderWith(files: Record<string, string | Uint8Array>): Promise<Folder> {
  const dir = await realpath(await mkdtemp(path.join(os.tmpdir(), "floe-config-")));
  const at = (relative: string) => path.join(dir, relative);
  const write = async (relative: string, content: string | Uint8Array) => {
    await mkdir(path.dirname(at(relative)), { recursive: true });
    await writeFile(at(relative), content);
  };
  for (const [relative, content] of Object.entries(files)) await write(relative, content);
  return {
    dir,
    at,
    write,
    async [Symbol.asyncDispose]() {
      await rm(dir, { recursive: true, force: true });
    },
  };
}

/** A project without a mistake; a test replaces the file it is about. */
export const goodProject = {
  "dbt_project.yml": "name: shop\nversion: '1.0'\nprofile: shop\n",
  "profiles.yml": "shop:\n  target: dev\n  outputs:\n    dev:\n      type: duckdb\n      path: shop.duckdb\n",
};

export type Loading = Partial<Omit<ProjectConfigOptions, "settings">> & {
  project?: string;
  settings?: Partial<ProjectConfigOptions["settings"]>;
};

export function load(folder: Folder, loading: Loading = {}): Promise<ProjectConfig> {
  const { project = ".", settings, ...options } = loading;
  return loadProjectConfig(folder.at(project), {
    workspaceDir: folder.dir,
    env: {},
    homeDir: folder.at("home"),
    settings: { runtime: "auto", target: "", profilesDir: "", ...settings },
    ...options,
  });
}

/** Problems as a person would read them: `file:line:column severity message`, lines and columns from 1. */
export function shown(config: ProjectConfig, folder: Folder): string[] {
  return config.problems.map(({ filePath, range, severity, message }) => {
    const file = path.relative(folder.dir, filePath).split(path.sep).join("/");
    const place = `${file}:${range.start.line + 1}:${range.start.character + 1}`;
    return `${place} ${severity} ${message}`.replaceAll(folder.dir, "$DIR");
  });
}
