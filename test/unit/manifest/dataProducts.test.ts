import path from "node:path";
import { describe, expect, test } from "vitest";
import { loadProjectConfig } from "../../../server/config/projectConfig.ts";
import { dataProducts } from "../../../server/manifest/dataProducts.ts";
import { dbtProject } from "../../harness/dbtProject.ts";

async function productsOf(floeYaml: string): Promise<unknown[]> {
  await using project = await dbtProject({ "floe.yaml": floeYaml });
  const workspaceDir = path.dirname(project.dir);
  const settings = { runtime: "auto", target: "", profilesDir: "" } as const;
  const config = await loadProjectConfig(project.dir, { workspaceDir, settings, env: {} });
  return dataProducts(config).map(({ name, select, exclude, tests }) => [name, select, exclude, tests]);
}

describe("the data products of floe.yaml", () => {
  test("a selection counts within its folder", async () => {
    expect(
      await productsOf(`name: huts
transforms:
  - {type: dbt, path: models/, select: "tag:daily +orders", exclude: "tag:old", tests: false}
`),
    ).toEqual([["huts", "tag:daily,path:models +orders,path:models", "tag:old", false]]);
  });

  test("transforms that name a model are one selection", async () => {
    expect(
      await productsOf(`apiVersion: floe.dev/v1
metadata: {name: customer-360}
transforms:
  - {name: stg_orders, tier: bronze}
  - {name: orders, dependsOn: [stg_orders]}
`),
    ).toEqual([["customer-360", "stg_orders orders", null, true]]);
  });

  test("several have names that tell them apart; those of another folder are another project's", async () => {
    expect(
      await productsOf(`transforms:
  - {type: dbt, path: models/a}
  - {type: dbt, path: ., select: "tag:x"}
  - {type: dbt, path: ../other/models}
  - {type: python, path: x}
`),
    ).toEqual([
      ["shop: path:models/a", "path:models/a", null, true],
      ["shop: tag:x", "tag:x", null, true],
    ]);
  });

  test("there are none without a floe.yaml", async () => {
    await using project = await dbtProject();
    const settings = { runtime: "auto", target: "", profilesDir: "" } as const;
    const config = await loadProjectConfig(project.dir, { workspaceDir: project.dir, settings, env: {} });
    expect(dataProducts(config)).toEqual([]);
  });
});
