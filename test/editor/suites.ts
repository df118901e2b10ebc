import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { copySample } from "../../scripts/sample.mjs";
import { manifestText, model, source } from "../harness/manifestFile.ts";
import { CloudEmulator, emulatedManifest } from "../harness/cloudEmulator/emulator.ts";
import { testEngine, testPython } from "../harness/environment.ts";
import { cloudRuns } from "./cloudRuns.ts";
import type { Suite } from "./suite.ts";

const samplePython = { "floeDbt.python.path": testPython("dbt111") };
const sample = { makeWorkspace: copySample, machineSettings: samplePython, trusted: true };

/**
 * A suite is a workspace, its settings, and tests of the same name in suites/ (probe/suiteTests.ts). In each
 * window, the suite that needs a project of which nothing is known, or one without runs, comes first.
 */
export const suites: Suite[] = [
  { name: "lint", ...sample, seconds: 180 },
  { name: "settings", window: "sample", ...sample, seconds: 180 },
  {
    name: "formatting",
    window: "sample",
    ...sample,
    settings: { "[sql]": { "editor.defaultFormatter": "floe.floe-dbt" } },
    seconds: 120,
  },
  { name: "navigation", window: "sample", ...sample, seconds: 240 },
  {
    name: "commands",
    ...sample,
    settings: { "[sql]": { "editor.defaultFormatter": "floe.floe-dbt" } },
    seconds: 300,
  },
  { name: "project", ...sample, seconds: 180 },
  { name: "trouble", window: "sample", ...sample, seconds: 240 },
  { name: "twoWindows", ...sample, seconds: 120 },
  {
    name: "runs",
    window: "runs",
    ...sample,
    makeWorkspace: sampleToRun,
    // In a browser, files save themselves.
    settings: { "files.autoSave": "off" },
    seconds: 300,
  },
  { name: "preview", window: "runs", ...sample, makeWorkspace: sampleWithPreviews, seconds: 240 },
  { name: "compiled", ...sample, makeWorkspace: sampleCompiledBefore, seconds: 180 },
  { name: "explorer", ...sample, seconds: 240 },
  { name: "testExplorer", ...sample, seconds: 420 },
  { name: "cloud", ...sample, start: sampleInCloud, seconds: 240 },
  {
    name: "fusion",
    makeWorkspace: sampleOnFusion,
    machineSettings: { ...samplePython, "floeDbt.fusion.path": testEngine().dbt },
    trusted: true,
    seconds: 240,
  },
  { name: "monorepo", ...sample, makeWorkspace: twoProjects, seconds: 240 },
  {
    name: "setUp",
    makeWorkspace: pinnedSample,
    trusted: true,
    seconds: 300,
  },
  {
    name: "untrusted",
    makeWorkspace: sampleWithManifest,
    machineSettings: samplePython,
    trusted: false,
    seconds: 90,
  },
  {
    name: "noProject",
    makeWorkspace(dir) {
      mkdirSync(path.join(dir, "queries"));
      writeFileSync(path.join(dir, "queries/report.sql"), "SELECT a  from b\n");
    },
    machineSettings: samplePython,
    trusted: true,
    seconds: 60,
  },
];

/** Suites by the window they share, in the order of the first of each. */
export function inWindows(chosen: readonly Suite[]): [Suite, ...Suite[]][] {
  const windows = new Map<string, [Suite, ...Suite[]]>();
  for (const suite of chosen) {
    const title = suite.window ?? suite.name;
    const window = windows.get(title);
    if (window) window.push(suite);
    else windows.set(title, [suite]);
  }
  return [...windows.values()];
}

/** The sample, and a small project beside it. */
function twoProjects(dir: string): void {
  copySample(path.join(dir, "huts"));
  const files = {
    "dbt_project.yml": "name: cafe\nversion: 1.0.0\nprofile: cafe\n",
    "profiles.yml":
      "cafe:\n  target: dev\n  outputs:\n    dev: {type: duckdb, path: 'cafe.duckdb', threads: 1}\n",
    "models/menu.sql": "SELECT 1 as drink_id\n",
  };
  for (const [name, text] of Object.entries(files)) {
    const file = path.join(dir, "cafe", name);
    mkdirSync(path.dirname(file), { recursive: true });
    writeFileSync(file, text);
  }
}

/** The sample, with a manifest as a dbt somewhere else may have left it: nothing has to run to see it. */
function sampleWithManifest(dir: string): void {
  copySample(dir);
  const hostile = "Open or closed. [Click](command:workbench.action.closeWindow) <b>bold</b>";
  mkdirSync(path.join(dir, "target"));
  writeFileSync(
    path.join(dir, "target/manifest.json"),
    manifestText({
      metadata: { project_name: "floe_sample" },
      nodes: [
        model("models/marts/ice_safety.sql", { package: "floe_sample", description: hostile }),
        model("models/marts/orders.sql", { package: "floe_sample" }),
      ],
      sources: [source("lake", "orders", { package_name: "floe_sample" })],
    }),
  );
}

/** The sample, with a long model, and what an earlier compile left of another. */
function sampleCompiledBefore(dir: string): void {
  copySample(dir);
  const compiled = path.join(dir, "target/compiled/floe_sample/models/marts/ice_safety.sql");
  mkdirSync(path.dirname(compiled), { recursive: true });
  writeFileSync(compiled, "select\n    lake,\n    42 as left_by_an_earlier_compile\n");
  const columns = Array.from({ length: 150 }, (_, index) => `    ${index} as column_${index},`).join("\n");
  writeFileSync(
    path.join(dir, "models/marts/long_model.sql"),
    `{% set names = ['a', 'b', 'c', 'd', 'e'] %}\nselect\n    {% for name in names %}\n    1 as {{ name }},\n    {% endfor %}\n${columns}\n    lake\nfrom {{ ref('stg_huts') }}\n`,
  );
}

/** The sample, with a query of many rows and kinds of values, and one that the warehouse refuses. */
function sampleWithPreviews(dir: string): void {
  copySample(dir);
  const models = {
    "many_rows.sql": `with numbers as (
    select i as number from range(12000) as r(i)
),

shown as (
    select
        number,
        'hut ' || number as hut,
        case when number % 7 = 0 then null else number * 1.5 end as price,
        number % 2 = 0 as is_even,
        date '2026-01-01' + (number % 365)::integer as day,
        '<b>bold</b> [link](command:workbench.action.closeWindow)' as markup
    from numbers
)

select * from shown
order by number
`,
    "refused.sql":
      "{{ config(materialized='view') }}\n\nselect\n    1 as one,\n    no_such_column\nfrom (select 2 as two) as t\n",
    "unbuilt.sql": "select hut from {{ ref('many_rows') }} where number = 1\n",
    "endless.sql":
      "select count(*) as n from range(1000000000000) as a(i), range(1000000) as b(j) where i * j % 7 = 3\n",
  };
  for (const [name, text] of Object.entries(models))
    writeFileSync(path.join(dir, "models/marts", name), text);
}

/** The sample, whose platform asks for the dbt that the other suites have, too. */
function pinnedSample(dir: string): void {
  copySample(dir);
  writeFileSync(
    path.join(dir, "manifest.yaml"),
    'plugins:\n  dbt_runtime: local\n  dbt_runtime_config:\n    local: {dbt_version: "1.11"}\n',
  );
}

/** The sample's runs are those of an emulated dbt Cloud: one that ends, then one that does not. */
async function sampleInCloud(dir: string): Promise<AsyncDisposable> {
  const emulator = await CloudEmulator.start();
  emulator.behaviours = [...cloudRuns];
  writeFileSync(path.join(dir, "manifest.yaml"), emulatedManifest(emulator.url, 1));
  return emulator;
}

/** The platform team has chosen the v2 engine; its DuckDB driver is found through the project's .env file. */
function sampleOnFusion(dir: string): void {
  copySample(dir);
  const manifest = path.join(dir, "manifest.yaml");
  writeFileSync(
    manifest,
    readFileSync(manifest, "utf8").replace("dbt_runtime: local", "dbt_runtime: fusion"),
  );
  writeFileSync(path.join(dir, ".env"), `ADBC_DRIVER_PATH=${testEngine().env.ADBC_DRIVER_PATH}\n`);
}

/** The sample, with a test that fails, a model that never ends, a named selection, and data products of both forms. */
function sampleToRun(dir: string): void {
  copySample(dir);
  const files = {
    "selectors.yml": "selectors:\n  - {name: small, description: Few and quick, definition: stg_drinks}\n",
    "floe.yaml": `name: huts
transforms:
  - {type: dbt, path: models/staging, select: [stg_orders, stg_order_items], exclude: stg_order_items, tests: false}
  - {name: stg_drinks}
`,
    "models/trouble/twice.sql": "select 1 as hut_id\nunion all\nselect 1 as hut_id\n",
    "models/trouble/trouble.yml":
      "models:\n  - name: twice\n    columns:\n      - name: hut_id\n        data_tests:\n          - unique\n",
    "models/trouble/never.sql":
      "{{ config(materialized='table') }}\nselect sum(sin(a.range * b.range)) as total\nfrom range(100000000) as a, range(100000000) as b\n",
  };
  for (const [name, text] of Object.entries(files)) {
    const file = path.join(dir, name);
    mkdirSync(path.dirname(file), { recursive: true });
    writeFileSync(file, text);
  }
}
