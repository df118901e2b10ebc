import path from "node:path";
import {
  DidChangeWatchedFilesNotification,
  FileChangeType,
  type FileEvent,
  type FileSystemWatcher,
} from "vscode-languageserver/node";
import { isInside, pathKey } from "../platform/paths.ts";
import { pathOfUri, uriOfPath } from "../platform/uri.ts";
import type { Project } from "../projects/project.ts";
import type { Feature, ServerContext } from "./feature.ts";
import { isLinterConfig } from "./textSync.ts";

/** What matters of a project on disk; everything else a client may leave unwatched. */
const watched = [
  "**/*.{sql,yml,yaml,csv,md}",
  "**/{manifest,run_results}.json",
  "**/{.sqlfluff,.sqlfluffignore,pyproject.toml,setup.cfg,tox.ini,pep8.ini,.env}",
];

/** Files that change, appear, move or go on disk. */
export const watchedFiles: Feature = {
  readsOnly: true,
  capabilities: () => {
    const filters = [{ scheme: "file", pattern: { glob: "**/*" } }];
    return { workspace: { fileOperations: { didRename: { filters }, didDelete: { filters } } } };
  },
  register(context) {
    const { connection, client, guard, diagnostics, projects } = context;
    const gone = (uris: string[]): void => {
      for (const uri of uris) {
        const filePath = pathOfUri(uri);
        if (filePath !== null) diagnostics.remove(filePath);
      }
    };
    connection.onDidChangeWatchedFiles(
      guard.event("Watching files", ({ changes }) => filesChanged(context, changes)),
    );
    connection.workspace.onDidRenameFiles(
      guard.event("Renaming files", ({ files }) => gone(files.map((file) => file.oldUri))),
    );
    connection.workspace.onDidDeleteFiles(
      guard.event("Deleting files", ({ files }) => gone(files.map((file) => file.uri))),
    );
    context.whenInitialized(async () => {
      if (!client.watchesFiles) return;
      const inside = watched.map((globPattern): FileSystemWatcher => ({ globPattern }));
      await projects.settled();
      await connection.client.register(DidChangeWatchedFilesNotification.type, {
        watchers: [...inside, ...(client.watchesOutside ? watchersOutside(context) : [])],
      });
    });
  },
};

/** Configuration above or beside the workspace, such as ~/.dbt/profiles.yml, or with a name of the user's own. */
function watchersOutside({ client, projects }: ServerContext): FileSystemWatcher[] {
  const isWatched = (file: string): boolean =>
    client.folders.some((folder) => isInside(file, folder)) && /\.ya?ml$|^\.env$/.test(path.basename(file));
  return projects.configFiles
    .filter((file) => !isWatched(file))
    .map((file) => ({
      globPattern: { baseUri: uriOfPath(path.dirname(file)), pattern: path.basename(file) },
    }));
}

async function filesChanged(context: ServerContext, changes: readonly FileEvent[]): Promise<void> {
  const { projects, diagnostics, linting, guard } = context;
  // Nothing here waits for it: what is open must not wait either, nor stay as it was when this fails.
  const lintClosed = guard.event("Linting what changed", async (project: Project, paths: string[]) => {
    await linting.lintProject(project, { paths, interactive: false });
  });
  const files = changes.flatMap(({ uri, type }) => {
    const filePath = pathOfUri(uri);
    return filePath === null ? [] : [{ filePath, type }];
  });
  for (const { filePath, type } of files) {
    if (type === FileChangeType.Deleted) diagnostics.remove(filePath);
  }
  const isProjectFile = ({ filePath, type }: { filePath: string; type: FileChangeType }): boolean =>
    path.basename(filePath) === "dbt_project.yml" && type !== FileChangeType.Changed;
  if (files.some(isProjectFile)) await projects.discover();
  const configFiles = files.map(({ filePath }) => filePath).filter((file) => projects.readsConfigFrom(file));
  if (configFiles.length > 0) await projects.reload(configFiles);

  for (const manifest of context.manifests.all) {
    const its = files.filter(({ filePath }) => isInside(filePath, manifest.project.dir));
    manifest.filesChanged(
      its.map(({ filePath, type }) => ({ filePath, deleted: type === FileChangeType.Deleted })),
    );
  }
  const byProject = Map.groupBy(
    files.flatMap(({ filePath }) => projects.affectedBy(filePath).map((project) => ({ project, filePath }))),
    ({ project }) => project,
  );
  for (const [project, its] of byProject) {
    if (!project.started) continue;
    const paths = its.map(({ filePath }) => filePath);
    project.plugin().filesChanged(project.ref, paths);
    if (project.settings["lint.run"] !== "manual") {
      // A closed file whose issues are shown must not keep those of an older text, whatever the scope.
      const shown = new Set(diagnostics.filesOf("lint").map(pathKey));
      const wanted = (file: string): boolean =>
        project.settings["lint.scope"] === "project" || shown.has(pathKey(file));
      const closed = paths.filter(
        (file) => file.endsWith(".sql") && !context.documents.get(file) && wanted(file),
      );
      const present = closed.filter(
        (file) => !files.some((each) => each.filePath === file && each.type === FileChangeType.Deleted),
      );
      if (present.length > 0) lintClosed(project, present);
    }
  }
  const changesIssues = configFiles.length > 0 || files.some(({ filePath }) => isLinterConfig(filePath));
  if (changesIssues) linting.relintOpen();
}
