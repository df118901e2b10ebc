/** Parts of manifest.json as dbt writes them, with as much as a test has to say. */

type Entry = Record<string, unknown>;

export interface ManifestParts {
  metadata?: Entry;
  nodes?: Entry[];
  sources?: Entry[];
  macros?: Entry[];
  docs?: Entry[];
  exposures?: Entry[];
  metrics?: Entry[];
  unit_tests?: Entry[];
}

/** @returns the text of a manifest.json; each entry must have a `unique_id` */
export function manifestText({ metadata, ...sections }: ManifestParts): string {
  const all = Object.entries({ nodes: [], sources: [], macros: [], docs: [], exposures: [], ...sections });
  return JSON.stringify({
    metadata: {
      dbt_schema_version: "https://schemas.getdbt.com/dbt/manifest/v12.json",
      dbt_version: "1.11.16",
      generated_at: "2026-01-02T03:04:05.000000Z",
      project_name: "shop",
      adapter_type: "duckdb",
      ...metadata,
    },
    ...Object.fromEntries(
      all.map(([section, entries]) => [
        section,
        Object.fromEntries(entries.map((entry) => [String(entry["unique_id"]), entry])),
      ]),
    ),
  });
}

/** @param path relative to the project: "models/marts/orders.sql" */
export function model(path: string, facts: Entry & { parents?: string[]; package?: string } = {}): Entry {
  const { parents = [], package: packageName = "shop", ...rest } = facts;
  const name = path.replace(/^.*\/|\.\w+$/g, "");
  return {
    unique_id: `model.${packageName}.${name}`,
    name,
    resource_type: "model",
    package_name: packageName,
    original_file_path: path,
    fqn: [
      packageName,
      ...path
        .replace(/\.\w+$/, "")
        .split("/")
        .slice(1),
    ],
    config: { materialized: "view" },
    depends_on: { nodes: parents, macros: [] },
    columns: {},
    ...rest,
  };
}

export function source(name: string, table: string, facts: Entry = {}): Entry {
  return {
    unique_id: `source.shop.${name}.${table}`,
    name: table,
    source_name: name,
    resource_type: "source",
    package_name: "shop",
    original_file_path: "models/sources.yml",
    ...facts,
  };
}

/** A generic test of a column. */
export function genericTest(generic: string, tested: string, column: string, facts: Entry = {}): Entry {
  const name = `${generic}_${tested.split(".").slice(2).join("_")}_${column}`;
  return {
    unique_id: `test.shop.${name}.0123456789`,
    name,
    resource_type: "test",
    package_name: "shop",
    original_file_path: "models/schema.yml",
    test_metadata: { name: generic, kwargs: { column_name: column }, namespace: null },
    column_name: column,
    attached_node: tested,
    depends_on: { nodes: [tested], macros: [] },
    config: { materialized: "test" },
    ...facts,
  };
}

export function macro(name: string, facts: Entry & { package?: string } = {}): Entry {
  const { package: packageName = "shop", ...rest } = facts;
  return {
    unique_id: `macro.${packageName}.${name}`,
    name,
    resource_type: "macro",
    package_name: packageName,
    original_file_path: `macros/${name}.sql`,
    macro_sql: `{% macro ${name}(a, b=1) %}{% endmacro %}`,
    arguments: [],
    depends_on: { macros: [] },
    ...rest,
  };
}
