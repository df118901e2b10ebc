import { readFile, readdir, realpath } from "node:fs/promises";
import { homedir } from "node:os";
import path from "node:path";
import { parse as parseYaml } from "yaml";
import * as z from "zod";
import type { Log } from "../../platform/log.ts";
import { runToEnd } from "../../platform/process.ts";
import { foldersUpTo } from "../../platform/paths.ts";
import { exists } from "../../platform/exists.ts";

/** One place where a Python may be. `find` says which interpreters are there, the likeliest first, and starts as little as it can. */
export interface PythonPlace {
  /** Numbered group and place, for a person: "3. .venv of /x/shop". */
  label: string;
  find(): Promise<string[]>;
}

export interface PlacesInput {
  projectDir: string;
  /** How far up virtual environments are looked for; the project alone where absent. */
  workspaceDir?: string | undefined;
  env: NodeJS.ProcessEnv;
  /** The choice made in another extension, or null. */
  interpreter?: () => Promise<string | null>;
  log: Log;
  signal?: AbortSignal | undefined;
}

/** The places in the order of the search, without the explicit ones (setting, manifest.yaml), which are not searched for. */
export function pythonPlaces(input: PlacesInput): PythonPlace[] {
  const { projectDir, env } = input;
  const folders = foldersUpTo(projectDir, input.workspaceDir ?? projectDir);
  const at = (label: string, find: () => Promise<string[]>): PythonPlace => ({ label, find });
  const ask = async (tool: string, args: string[]): Promise<string[]> => {
    const file = await onPath(tool, env);
    if (file === null) return [];
    const outcome = await runToEnd(
      { file, args, cwd: projectDir, env, label: [tool, ...args].join(" ") },
      { log: input.log, timeLimitSeconds: 10, signal: input.signal },
    );
    const folder = outcome.stdout.trim().split(/\r?\n/).at(-1) ?? "";
    return outcome.exitCode === 0 && path.isAbsolute(folder) ? inVirtualEnvironment(folder) : [];
  };

  return [
    at("2. Interpreter chosen in the Python extension", async () => {
      const chosen = (await input.interpreter?.()) ?? null;
      return chosen === null ? [] : [chosen];
    }),
    ...folders.flatMap((folder) =>
      [".venv", "venv", "env"].map((name) =>
        at(`3. ${path.join(folder, name)}`, () => inVirtualEnvironment(path.join(folder, name))),
      ),
    ),
    at("4. VIRTUAL_ENV", async () => (env.VIRTUAL_ENV ? inVirtualEnvironment(env.VIRTUAL_ENV) : [])),
    at("4. CONDA_PREFIX", async () => (env.CONDA_PREFIX ? inVirtualEnvironment(env.CONDA_PREFIX) : [])),
    at("5. Poetry", async () => {
      const pyproject = await nearest(folders, "pyproject.toml");
      const mentions = pyproject && /^\[tool\.poetry|poetry-core/m.test(await textOf(pyproject));
      return mentions ? ask("poetry", ["env", "info", "-p", "-C", path.dirname(pyproject)]) : [];
    }),
    at("5. uv (UV_PROJECT_ENVIRONMENT)", async () => {
      const name = env.UV_PROJECT_ENVIRONMENT;
      if (!name) return [];
      const found = await Promise.all(
        folders.map((folder) => inVirtualEnvironment(path.resolve(folder, name))),
      );
      return found.flat();
    }),
    at("5. Pipenv", async () =>
      (await nearest(folders, "Pipfile")) === null ? [] : ask("pipenv", ["--venv"]),
    ),
    at("5. conda (environment.yml)", async () => {
      const file =
        (await nearest(folders, "environment.yml")) ?? (await nearest(folders, "environment.yaml"));
      const name = file === null ? null : condaName(await textOf(file));
      if (name === null) return [];
      const found = await Promise.all(
        condaFolders(env).map((folder) => inVirtualEnvironment(path.join(folder, "envs", name))),
      );
      return found.flat();
    }),
    at("6. dbt on PATH", async () => {
      const dbt = await onPath("dbt", env);
      return dbt === null ? [] : interpretersOf(dbt);
    }),
    at("6. Python on PATH", async () => {
      const names = process.platform === "win32" ? ["py", "python3", "python"] : ["python3", "python"];
      const found = await Promise.all(names.map((name) => onPath(name, env)));
      return found.filter((file) => file !== null);
    }),
  ];
}

/** venv and virtualenv put Python in bin/ or Scripts/; conda on Windows beside them. */
export async function inVirtualEnvironment(folder: string): Promise<string[]> {
  const places =
    process.platform === "win32"
      ? [["Scripts", "python.exe"], ["python.exe"]]
      : [
          ["bin", "python"],
          ["bin", "python3"],
        ];
  for (const place of places) {
    const file = path.join(folder, ...place);
    if (await exists(file)) return [file];
  }
  return [];
}

/** @returns absolute path of a program on PATH, or null */
export async function onPath(program: string, env: NodeJS.ProcessEnv): Promise<string | null> {
  const isWindows = process.platform === "win32";
  const extensions = isWindows ? (env.PATHEXT ?? ".EXE;.CMD;.BAT").split(";") : [""];
  for (const folder of (env.PATH ?? env.Path ?? "").split(path.delimiter)) {
    if (!path.isAbsolute(folder)) continue;
    // The Python of WindowsApps is a page of the store, not a program.
    if (isWindows && program.startsWith("py") && /\\WindowsApps\\?$/i.test(folder)) continue;
    for (const extension of extensions) {
      const file = path.join(folder, program + extension);
      if (await exists(file)) return file;
    }
  }
  return null;
}

/** pipx and uv put a link, or a script with a first line, on PATH: Python is beside the real file or in that line. */
async function interpretersOf(script: string): Promise<string[]> {
  const real = await realpath(script).catch(() => script);
  const beside = path.dirname(real);
  const names = process.platform === "win32" ? ["python.exe"] : ["python", "python3"];
  const found: string[] = [];
  for (const name of names) {
    const file = path.join(beside, name);
    if (await exists(file)) found.push(file);
  }
  const shebang = /^#!\s*(\/\S*python[\d.]*)\s*$/m.exec(
    (await textOf(real)).slice(0, 500).split("\n")[0] ?? "",
  );
  if (shebang?.[1]) found.push(shebang[1]);
  return [...new Set(found)];
}

function condaName(text: string): string | null {
  try {
    const parsed = z.object({ name: z.string() }).safeParse(parseYaml(text));
    return parsed.success ? parsed.data.name : null;
  } catch {
    return null;
  }
}

function condaFolders(env: NodeJS.ProcessEnv): string[] {
  const roots = ["miniconda3", "anaconda3", "miniforge3", "mambaforge", ".conda"].flatMap((name) => [
    path.join(homedir(), name),
    path.join(path.parse(homedir()).root, "opt", name),
  ]);
  const active = env.CONDA_EXE ? [path.dirname(path.dirname(env.CONDA_EXE))] : [];
  return [...active, ...(env.MAMBA_ROOT_PREFIX ? [env.MAMBA_ROOT_PREFIX] : []), ...roots];
}

async function nearest(folders: string[], name: string): Promise<string | null> {
  for (const folder of folders) {
    const names = await readdir(folder).catch((): string[] => []);
    if (names.includes(name)) return path.join(folder, name);
  }
  return null;
}

async function textOf(file: string): Promise<string> {
  return readFile(file, "utf8").catch(() => "");
}
