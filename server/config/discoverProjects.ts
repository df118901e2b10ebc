import type { Dirent } from "node:fs";
import { readdir, realpath, stat } from "node:fs/promises";
import path from "node:path";
import { createConfigReader } from "./configReader.ts";
import { readDbtProject } from "./dbtProjectFile.ts";
import { isInside } from "../platform/paths.ts";

export interface DiscoveredProject {
  /** Absolute path of the folder that holds dbt_project.yml. */
  projectDir: string;
  /** The same without symbolic links. */
  realDir: string;
  /** The workspace folder it was found in, the nearest where they are nested. */
  workspaceDir: string;
  /** Where dbt puts the project's packages: files in there are nobody's. */
  packagesDir: string;
}

export interface DiscoveryOptions {
  /** Environment, for `packages-install-path` in Jinja. */
  env?: NodeJS.ProcessEnv;
  /** How deep below a workspace folder is looked. */
  maxDepth?: number;
  /** How many folders are looked into at most, over all. */
  maxFolders?: number;
  /** Told once if `maxFolders` was not enough. */
  onLimit?(foldersRead: number): void;
  signal?: AbortSignal;
}

/** Folders that never hold a project of the user's and may be huge. */
const passedBy = new Set([
  ..."node_modules bower_components site-packages __pycache__ dbt_packages dbt_modules dbt_internal_packages".split(
    " ",
  ),
  ...".git .hg .svn .tox .nox .venv .cache .mypy_cache .ruff_cache .pytest_cache .terraform .yarn .idea .vscode".split(
    " ",
  ),
]);

/** A file or folder that makes the folder around it a virtual environment, or a cache by its own word. */
const marksOfNoSource = new Set(["pyvenv.cfg", "conda-meta", "CACHEDIR.TAG"]);

interface Folder {
  dir: string;
  realDir: string;
  workspaceDir: string;
  depth: number;
}

/**
 * Every dbt project below the workspace folders, projects within projects too, sorted by path. A project's packages and its
 * target folder are not looked into; symbolic links are followed, each real folder once.
 */
export async function discoverProjects(
  workspaceDirs: readonly string[],
  options: DiscoveryOptions = {},
): Promise<DiscoveredProject[]> {
  const { maxDepth = 12, maxFolders = 20_000 } = options;
  const projects: DiscoveredProject[] = [];
  const seen = new Set<string>();
  // The deepest workspace folder first: what two of them share belongs to the nearer one.
  let waiting: Folder[] = await rootsOf([...workspaceDirs].sort((a, b) => b.length - a.length));
  let links: Folder[] = [];

  while (waiting.length > 0 || links.length > 0) {
    options.signal?.throwIfAborted();
    // Links last, so that a folder is known by its own path rather than by a link's.
    if (waiting.length === 0) [waiting, links] = [await behind(links), []];
    const batch = waiting.splice(0, 64).filter(({ realDir }) => !seen.has(realDir) && seen.add(realDir));
    const listed = await Promise.all(
      batch.map(async (folder) => ({ folder, entries: await entriesOf(folder.dir) })),
    );
    for (const { folder, entries } of listed) {
      if (entries.some(({ name }) => marksOfNoSource.has(name))) continue;
      const skipped = new Set<string>();
      if (entries.some((entry) => entry.name === "dbt_project.yml" && !entry.isDirectory())) {
        const { packages, target } = await projectPaths(folder.dir, options.env ?? {});
        const { dir: projectDir, realDir, workspaceDir } = folder;
        projects.push({ projectDir, realDir, workspaceDir, packagesDir: packages });
        skipped.add(packages).add(target);
      }
      if (folder.depth >= maxDepth) continue;
      for (const entry of entries) {
        const child = childOf(folder, entry.name);
        if (passedBy.has(entry.name) || skipped.has(child.dir)) continue;
        if (entry.isDirectory()) waiting.push(child);
        else if (entry.isSymbolicLink()) links.push(child);
      }
    }
    if (seen.size >= maxFolders) {
      options.onLimit?.(seen.size);
      break;
    }
  }
  return projects
    .filter(({ projectDir }) => !isInPackages(projectDir, projects))
    .sort((a, b) => (a.projectDir < b.projectDir ? -1 : 1));
}

/** The deepest project that holds the file; none for a file of a package. */
export function owningProject(
  filePath: string,
  projects: readonly DiscoveredProject[],
): DiscoveredProject | undefined {
  const [owner] = projects
    .filter(({ projectDir, realDir }) => isInside(filePath, projectDir) || isInside(filePath, realDir))
    .sort((a, b) => b.projectDir.length - a.projectDir.length);
  return owner && !isInPackages(filePath, projects) ? owner : undefined;
}

function isInPackages(filePath: string, projects: readonly DiscoveredProject[]): boolean {
  return projects.some(({ projectDir, realDir, packagesDir }) =>
    [packagesDir, path.resolve(realDir, path.relative(projectDir, packagesDir))].some(
      // A folder that holds the project itself cannot be meant for packages alone.
      (dir) => isInside(filePath, dir) && !isInside(projectDir, dir) && !isInside(realDir, dir),
    ),
  );
}

async function projectPaths(projectDir: string, env: NodeJS.ProcessEnv) {
  const file = await createConfigReader().read(path.join(projectDir, "dbt_project.yml"));
  return readDbtProject(file, projectDir, env).paths;
}

async function rootsOf(workspaceDirs: readonly string[]): Promise<Folder[]> {
  const roots = workspaceDirs.map((dir) => ({ dir, realDir: dir, workspaceDir: dir, depth: 0 }));
  return behind(roots);
}

/** Where the links lead; those to files, to nowhere and in circles lead to nothing. */
async function behind(links: readonly Folder[]): Promise<Folder[]> {
  const found = await Promise.all(
    links.map(async (link) => {
      try {
        const realDir = await realpath(link.dir);
        return (await stat(realDir)).isDirectory() ? [{ ...link, realDir }] : [];
      } catch {
        return [];
      }
    }),
  );
  return found.flat();
}

function childOf(folder: Folder, name: string): Folder {
  return {
    dir: path.join(folder.dir, name),
    realDir: path.join(folder.realDir, name),
    workspaceDir: folder.workspaceDir,
    depth: folder.depth + 1,
  };
}

/** A folder that may not be read holds nothing we could use. */
async function entriesOf(dir: string): Promise<Dirent[]> {
  try {
    return await readdir(dir, { withFileTypes: true });
  } catch {
    return [];
  }
}
