import path from "node:path";
import type { WorkerResult } from "./workerConnection.ts";
import { foldersUpTo, isInside } from "../../platform/paths.ts";
import type { EnvironmentReport, ProjectRef } from "../dbtPlugin.ts";
import { adapterPackage, notableVersions } from "./environmentProblems.ts";
import type { LocalEnvironment } from "./localEnvironment.ts";
import type { WorkerSupervisor } from "./workerSupervisor.ts";
import { exists } from "../../platform/exists.ts";

/** What the doctor shows: the environment as it is now, and the worker if one runs. */
export async function environmentReport(
  project: ProjectRef,
  { settings, config, found, problems }: LocalEnvironment,
  worker: WorkerSupervisor | undefined,
  privateDir: string,
): Promise<EnvironmentReport> {
  const versions = found.facts?.versions ?? {};
  const { profile } = config;
  const adapter = profile.adapterType === null ? null : adapterPackage(profile.adapterType);
  const installed = (name: string): string => versions[name] ?? "not installed";
  const status = worker?.pid === undefined ? null : await worker.ask("status", {}, 2);

  const facts = [
    ["Python", found.facts ? `${found.facts.python} (${versions.python ?? "?"})` : "none"],
    ["Found at", found.place ?? "nowhere"],
    ["dbt-core", installed("dbt-core")],
    ["Adapter", adapter === null ? "unknown, as the profile is" : `${adapter} ${installed(adapter)}`],
    ["SQLFluff", installed("sqlfluff")],
    ["SQLFluff's dbt templater", installed("sqlfluff-templater-dbt")],
    ...(versions.sqlfluffrs === undefined ? [] : [["SQLFluff's Rust parser", versions.sqlfluffrs]]),
    [
      "Profile",
      `${profile.name ?? "unknown"}${profile.filePath === null ? "" : `, from ${profile.filePath}`}`,
    ],
    ["Target", profile.target ?? "unknown"],
    [".env file", settings.envFile && (await exists(settings.envFile)) ? settings.envFile : "none"],
    ["Configuration files", (await configurationFiles(project, config.files)).join(", ") || "none"],
    ["Worker", workerInWords(worker, status)],
    ["Private folder", privateDir],
  ].map(([label = "", value = ""]) => ({ label, value }));

  return {
    facts,
    searched: found.searched,
    problems: problems.map(({ severity, message, remedy }) => ({ severity, message, remedy })),
    versions: { ...notableVersions(versions), ...(found.facts && { "python path": found.facts.python }) },
  };
}

function workerInWords(worker: WorkerSupervisor | undefined, status: WorkerResult<"status"> | null): string {
  const { state, reason } = worker?.status ?? { state: "idle" as const, reason: undefined };
  const parts: string[] = [state];
  if (worker?.pid !== undefined) parts.push(`process ${worker.pid}`);
  if (status?.memoryBytes) parts.push(`${Math.round(status.memoryBytes / 1_000_000)} MB`);
  return parts.join(", ") + (reason === undefined ? "" : `: ${reason}`);
}

/** dbt's and floe's, and SQLFluff's from the workspace's folder down to the project's; those of the project by their name in it. */
async function configurationFiles(project: ProjectRef, files: readonly string[]): Promise<string[]> {
  const { projectDir } = project;
  const folders = foldersUpTo(projectDir, project.workspaceDir ?? projectDir).reverse();
  const sqlfluff = folders.flatMap((folder) =>
    [".sqlfluff", ".sqlfluffignore", "pyproject.toml", "setup.cfg", "tox.ini"].map((name) =>
      path.join(folder, name),
    ),
  );
  return (await existing([...new Set([...files, ...sqlfluff])])).map((file) =>
    isInside(file, projectDir) ? path.relative(projectDir, file) : file,
  );
}

async function existing(files: readonly string[]): Promise<string[]> {
  const there = await Promise.all(files.map(exists));
  return files.filter((_, index) => there[index]);
}
