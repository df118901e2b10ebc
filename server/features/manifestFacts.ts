import type { RuntimeName } from "../../protocol/runtime.ts";
import {
  completeSelectorRequest,
  dataProductsRequest,
  nodeRequest,
  targetsRequest,
  testsRequest,
} from "../../protocol/requests.ts";
import { completeSelector } from "../manifest/completeSelector.ts";
import { dataProducts } from "../manifest/dataProducts.ts";
import { nodeDetail } from "../manifest/nodeDetail.ts";
import { testFacts } from "../manifest/testFacts.ts";
import { pathOfUri } from "../platform/uri.ts";
import type { Feature, ServerContext } from "./feature.ts";
import { manifestPatience } from "./manifestState.ts";
import { projectsOf } from "./projectCommands.ts";

/** dbt/getNode, dbt/getTests, dbt/completeSelector, dbt/getDataProducts and dbt/getTargets: facts of a project, from files. */
export const manifestFacts: Feature = {
  readsOnly: true,
  register(context) {
    const { answer, projects, manifests, definitions } = context;
    answer(nodeRequest, "Looking up a node", async (params) => {
      await projects.settled();
      const filePath = "uri" in params ? pathOfUri(params.uri) : null;
      const project = filePath === null ? null : await projects.of(filePath);
      const projectDir = "projectDir" in params ? params.projectDir : project?.dir;
      const manifest = projectDir === undefined ? null : manifests.at(projectDir);
      const index = await manifest?.ready(manifestPatience);
      if (!manifest || !index) return null;
      const facts = "uniqueId" in params ? index.node(params.uniqueId) : index.definedIn(filePath ?? "")[0];
      return facts ? await nodeDetail(index, facts, manifest.lastRun(facts.id), definitions) : null;
    });
    answer(testsRequest, "Listing the tests", async ({ projectDir }) => {
      await projects.settled();
      const manifest = manifests.at(projectDir);
      const index = await manifest?.ready(manifestPatience);
      if (!manifest || !index) return { tests: [] };
      return { tests: await testFacts(index, (id) => manifest.lastRun(id), definitions) };
    });
    answer(completeSelectorRequest, "Completing a selection", async ({ projectDir, text, offset }) => {
      await projects.settled();
      const index = await manifests.at(projectDir)?.ready(manifestPatience);
      const [project] = await projectsOf(context, { projectDir });
      const selectors = project?.config.selectors ?? [];
      return { suggestions: index ? completeSelector(index, text, offset, selectors) : [] };
    });
    answer(dataProductsRequest, "Listing the data products", async ({ projectDir }) => {
      const [project] = await projectsOf(context, { projectDir });
      return { products: project ? dataProducts(project.config) : [] };
    });
    answer(targetsRequest, "Listing the targets", async ({ projectDir }) => {
      const [project] = await projectsOf(context, { projectDir });
      const profile = project?.config.profile;
      return {
        projectDir: project?.dir ?? projectDir,
        targets: profile?.targets ?? [],
        current: project?.status.target ?? null,
        profilesPath: profile?.filePath ?? null,
        runtimes: runtimeChoices(context),
      };
    });
  },
};

/** In a person's words; which of them there are is the registry's to say. */
const runtimeWords: Record<RuntimeName, { title: string; detail: string; deploys?: true }> = {
  local: { title: "Local", detail: "dbt-core in the project's Python environment" },
  fusion: { title: "Fusion", detail: "the dbt v2 engine on this machine" },
  cloud: { title: "dbt Cloud", detail: "jobs and artifacts of a dbt Cloud account", deploys: true },
};

function runtimeChoices({ runtimes }: ServerContext) {
  return Object.entries(runtimeWords).map(([key, { title, detail, deploys }]) => {
    const name = key as RuntimeName;
    const available = runtimes.includes(name);
    return {
      name,
      title,
      available,
      detail: available ? detail : "not in this version of Floe dbt",
      ...(deploys && { deploys }),
    };
  });
}
