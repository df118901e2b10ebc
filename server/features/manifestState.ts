import {
  manifestChangedNotification,
  manifestInfoRequest,
  treePathRequest,
  treeRequest,
} from "../../protocol/requests.ts";
import type { ManifestInfo } from "../../protocol/manifest.ts";
import { pathOfUri } from "../platform/uri.ts";
import { DbtError } from "../plugins/errors.ts";
import type { Project } from "../projects/project.ts";
import { ManifestTree } from "../manifest/tree.ts";
import type { ManifestIndex } from "../manifest/manifestIndex.ts";
import type { ProjectManifest } from "../manifest/projectManifest.ts";
import type { Feature } from "./feature.ts";

/** How long a request that comes before the manifest is read waits for it, in milliseconds. */
export const manifestPatience = 5_000;

/** dbt/getManifestInfo, dbt/manifestChanged, dbt/getTree and dbt/getTreePath: the project as dbt sees it. */
export const manifestState: Feature = {
  readsOnly: true,
  register({ answer, connection, client, documents, guard, linting, projects, manifests }) {
    const known = new Set<string>();
    /** What a person looks at goes first. */
    const told = (project: Project): void => {
      const manifest = manifests.at(project.dir);
      if (manifest && !manifest.isAsking) manifest.updateLive(linting.settledIn(project.dir));
    };
    /** A project without a manifest waits for no command of dbt and no opened file; one that dbt told is told anew. */
    const filled = guard.event("Filling the Project view", async (project: Project) => {
      await projects.settled();
      const manifest = manifests.at(project.dir);
      await manifest?.settled();
      if (manifest && manifest.info.origin !== "target" && canBeAsked(project)) told(project);
    });
    projects.on({
      configured: (project) => {
        manifests.configured(project);
        if (client.trusted) filled(project);
      },
      removed: (project) => manifests.removed(project),
      nodesChanged: (project) => manifests.at(project.dir)?.updateLive(),
      status: () => {
        for (const project of projects.all) {
          const { dir, status } = project;
          const isReady = status.state === "ready" || status.state === "degraded";
          // The first time dbt has read it; later times are told as "nodesChanged".
          if (isReady && !known.has(dir)) told(project);
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
    answer(manifestInfoRequest, "Reading the manifests", async (): Promise<{ manifests: ManifestInfo[] }> => {
      await projects.settled();
      return { manifests: manifests.all.map(({ info }) => info) };
    });
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
    answer(treeRequest, "Showing the project", async ({ projectDir, ...query }) => {
      await projects.settled();
      const manifest = manifests.at(projectDir);
      const index = await manifest?.ready(manifestPatience);
      return { rows: manifest && index ? treeOf(manifest, index).rows(query) : [] };
    });
    answer(treePathRequest, "Finding a file in the project", async ({ uri, grouping }) => {
      const filePath = pathOfUri(uri);
      const project = filePath === null ? null : await projects.of(filePath);
      const manifest = project && manifests.at(project.dir);
      const index = await manifest?.ready(manifestPatience);
      if (filePath === null || !manifest || !index) return null;
      const [facts] = index.definedIn(filePath);
      const path = facts ? treeOf(manifest, index).path(facts, grouping) : [];
      return { projectDir: manifest.project.dir, path };
    });
  },
};

/** Whether dbt tells its manifest of itself. What runs elsewhere is asked only where somebody wants something of it. */
function canBeAsked(project: Project): boolean {
  try {
    const { capabilities } = project.plugin();
    return capabilities.has("manifestUpdate") && !capabilities.has("remote");
  } catch (error) {
    if (error instanceof DbtError) return false;
    throw error;
  }
}
