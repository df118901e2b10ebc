import type { Behaviour } from "../harness/cloudEmulator/emulatedRun.ts";

/** What runs of the sample in the emulated dbt Cloud do and leave, in the order in which the suite "cloud" starts them. */
export const cloudRuns: Behaviour[] = [
  {
    statuses: [1, 3, 3, 10],
    artifacts: artifacts("stg_orders", "success", null),
    log: `12:00:00  Running with dbt=1.11.0
12:00:02  Registered adapter: duckdb=1.11.1
12:00:04  Found 2 models, 1 source, 511 macros
12:00:04
12:00:04  Concurrency: 4 threads (target='production')
12:00:04
12:00:04  1 of 1 START sql view model main.stg_orders ........................ [RUN]
12:00:05  1 of 1 OK created sql view model main.stg_orders ................... [\u001b[32mOK\u001b[0m in 1.25s]
12:00:05
12:00:05  \u001b[32mCompleted successfully\u001b[0m
12:00:05
12:00:05  Done. PASS=1 WARN=0 ERROR=0 SKIP=0 NO-OP=0 TOTAL=1
`,
  },
  {
    statuses: [3],
    logsSoFar: ["12:00:00  1 of 2 START sql view model main.stg_huts .................. [RUN]\n"],
  },
  { statuses: [3, 20], artifacts: artifacts("stg_huts", "error", 'Binder Error: column "seats" not found') },
  { statuses: [3] },
];

function artifacts(name: string, status: string, message: string | null): Record<string, string> {
  const model = (of: string) => ({
    name: of,
    resource_type: "model",
    package_name: "floe_sample",
    path: `staging/${of}.sql`,
    original_file_path: `models/staging/${of}.sql`,
    fqn: ["floe_sample", "staging", of],
    config: { materialized: "view" },
    depends_on: { nodes: [], macros: [] },
    compiled: true,
    compiled_code: `select 1 as ${of}_id`,
    columns: {},
    tags: [],
  });
  const id = (of: string) => `model.floe_sample.${of}`;
  const source = "source.floe_sample.lake.orders";
  const now = new Date().toISOString();
  return {
    "manifest.json": JSON.stringify({
      metadata: {
        dbt_version: "1.11.0",
        adapter_type: "duckdb",
        generated_at: now,
        project_name: "floe_sample",
      },
      nodes: Object.fromEntries(["stg_orders", "stg_huts"].map((of) => [id(of), model(of)])),
      sources: {
        [source]: {
          name: "orders",
          source_name: "lake",
          resource_type: "source",
          package_name: "floe_sample",
          path: "models/staging/sources.yml",
          original_file_path: "models/staging/sources.yml",
        },
      },
      macros: {},
    }),
    "run_results.json": JSON.stringify({
      metadata: { dbt_version: "1.11.0", generated_at: now },
      args: { which: "run" },
      results: [{ unique_id: id(name), status, execution_time: 1.25, message }],
    }),
    "sources.json": JSON.stringify({
      metadata: { generated_at: now },
      results: [
        { unique_id: source, status: "warn", max_loaded_at: "2026-11-27T06:00:00Z", snapshotted_at: now },
      ],
    }),
  };
}
