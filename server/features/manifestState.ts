import {
  manifestChangedNotification,
  manifestInfoRequest,
  treePathRequest,
  treeRequest,
} from "../../protocol/requests.ts";
import type { ManifestInfo } from "../../protocol/manifest.ts";
import { pathOfUri } from "../platform/uri.ts";
import { ManifestTree } from "../manifest/tree.ts";
import type { ManifestIndex } from "../manifest/manifestIndex.ts";
import type { ProjectManifest } from "../manifest/projectManifest.ts";
import type { Feature } from "./feature.ts";

/** How long a request that comes before the manifest is read waits for it, in milliseconds. */
export const manifestPatience = 5_000;

/** dbt/getManifestInfo, dbt/manifestChanged, dbt/getTree and dbt/getTreePath: the project as dbt sees it. */
export const manifestState: Feature = {
  readsOnly: true,
  register({ connection, documents, guard, projects, manifests }) {
    const known = new Set<string>();
    projects.on({
      configured: (project) => manifests.configured(project),
      removed: (project) => manifests.removed(project),
      reparsed: (project) => manifests.at(project.dir)?.updateLive(),
      status: () => {
        for (const { dir, status } of projects.all) {
          const isReady = status.state === "ready" || status.state === "degraded";
          // The first time dbt has read it; later times are told as "reparsed".
          if (isReady && !known.has(dir)) manifests.at(dir)?.updateLive();
          if (isReady) known.add(dir);
          else if (status.state === "idle") known.delete(dir);
        }
      },
    });
    documents.on({
      saved: ({ filePath }) => {
        for (const { dir } of projects.affectedBy(filePath)) {
          manifests.at(dir)?.filesChanged([{ filePath, deleted: false }]);
        }
      },
    });
    const due = new Set<ProjectManifest>();
    manifests.onChanged((manifest) => {
      // Once for all that changes in one go.
      if (due.has(manifest)) return;
      due.add(manifest);
      queueMicrotask(() => {
        due.delete(manifest);
        void connection.sendNotification(manifestChangedNotification, manifest.info);
      });
    });
    connection.onRequest(
      manifestInfoRequest,
      guard.command("Reading the manifests", async (): Promise<{ manifests: ManifestInfo[] }> => {
        await projects.settled();
        return { manifests: manifests.all.map(({ info }) => info) };
      }),
    );
    const trees = new WeakMap<ManifestIndex, ManifestTree>();
    const treeOf = (manifest: ProjectManifest, index: ManifestIndex): ManifestTree => {
      const known = trees.get(index);
      if (known) return known;
      const tree = new ManifestTree({
        index,
        statusOf: (id) => manifest.lastRun(id)?.status ?? null,
        isGone: (facts) => manifest.isGone(facts),
      });
      trees.set(index, tree);
      return tree;
    };
    connection.onRequest(
      treeRequest,
      guard.command("Showing the project", async ({ projectDir, ...query }) => {
        await projects.settled();
        const manifest = manifests.at(projectDir);
        const index = await manifest?.ready(manifestPatience);
        return { rows: manifest && index ? treeOf(manifest, index).rows(query) : [] };
      }),
    );
    connection.onRequest(
      treePathRequest,
      guard.command("Finding a file in the project", async ({ uri, grouping }) => {
        const filePath = pathOfUri(uri);
        const project = filePath === null ? null : await projects.of(filePath);
        const manifest = project && manifests.at(project.dir);
        const index = await manifest?.ready(manifestPatience);
        if (filePath === null || !manifest || !index) return null;
        const [facts] = index.definedIn(filePath);
        const path = facts ? treeOf(manifest, index).path(facts, grouping) : [];
        return { projectDir: manifest.project.dir, path };
      }),
    );
  },
};
