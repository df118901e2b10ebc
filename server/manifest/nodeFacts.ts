import * as z from "zod";
import type { ResourceType } from "../../protocol/manifest.ts";

/**
 * What is kept of an entry of manifest.json: a twentieth of it. Absent means empty, which most of it is, and an absent
 * key costs nothing.
 */
export interface NodeFacts {
  id: string;
  name: string;
  type: ResourceType;
  packageName: string;
  /** File that defines it, relative to its package, with "/". */
  path: string;
  /** YAML file that describes it, as `package://path`. */
  patchPath?: string;
  description?: string;
  tags?: string[];
  fqn?: string[];
  group?: string;
  access?: string;
  owner?: string;
  materialized?: string;
  relation?: string;
  language?: string;
  /** Of a versioned model, and which one is the latest. */
  version?: string;
  latestVersion?: string;
  columns?: ColumnFacts[];
  /** Ids of the nodes it is made of. */
  parents?: string[];
  /** Ids of the macros it calls. */
  macros?: string[];
  /** Names it gives to `var()`. */
  vars?: string[];
  /** Ids of the docs blocks its descriptions name. */
  docs?: string[];
  /** Of a source's table: the source's name. */
  source?: string;
  sourceDescription?: string;
  /** Of a test. */
  test?: { kind: "generic" | "singular" | "unit"; generic?: string; column?: string; of?: string };
  /** Of a macro: names of its arguments. */
  arguments?: string[];
  /** Of a docs block: its text. */
  text?: string;
  /** Of an exposure or metric: its label, and what type of one it is. */
  label?: string;
  subtype?: string;
}

export interface ColumnFacts {
  name: string;
  type?: string;
  description?: string;
}

/** Facts of the manifest as a whole. */
export interface ManifestFacts {
  projectName: string | null;
  dbtVersion: string | null;
  adapterType: string | null;
  /** Milliseconds since the epoch. */
  generatedAt: number | null;
  /** Of the manifest's schema: 12 for v12. */
  schemaVersion: number | null;
}

const text = z.string().catch("");
const optional = z.string().nullish().catch(null);
const texts = z.array(z.string()).catch([]);
const versionNumber = z.union([z.string(), z.number()]).nullish().catch(null);

/** Every key may be missing or of another type than known: an older or newer dbt costs that key, not the node. */
const entrySchema = z.object({
  name: text,
  resource_type: text,
  package_name: text,
  original_file_path: text,
  path: text,
  patch_path: optional,
  description: optional,
  tags: texts,
  fqn: texts,
  group: optional,
  access: optional,
  relation_name: optional,
  language: optional,
  version: versionNumber,
  latest_version: versionNumber,
  config: z
    .object({ materialized: optional, group: optional, access: optional, tags: z.unknown().optional() })
    .catch({ materialized: null, group: null, access: null, tags: [] }),
  columns: z
    .record(z.string(), z.object({ name: optional, data_type: optional, description: optional }))
    .catch({}),
  depends_on: z.object({ nodes: texts, macros: texts }).catch({ nodes: [], macros: [] }),
  doc_blocks: texts,
  raw_code: optional,
  raw_sql: optional,
});

const sourceSchema = z.object({ source_name: text, source_description: optional });
const testSchema = z.object({
  test_metadata: z.object({ name: text, namespace: optional }).nullish().catch(null),
  column_name: optional,
  attached_node: optional,
});
const ownedSchema = z.object({
  label: optional,
  type: optional,
  owner: z.object({ name: z.unknown(), email: z.unknown() }).partial().nullish().catch(null),
});
const hasOwner: ReadonlySet<ResourceType> = new Set<ResourceType>([
  "exposure",
  "metric",
  "semantic_model",
  "saved_query",
]);
const macroSchema = z.object({
  arguments: z.array(z.object({ name: text })).catch([]),
  macro_sql: text,
});
const docSchema = z.object({ block_contents: text });
const unitTestSchema = z.object({ model: text });

const metadataSchema = z.object({
  dbt_schema_version: text,
  dbt_version: optional,
  generated_at: optional,
  project_name: optional,
  adapter_type: optional,
});

/** Sections of manifest.json that hold what people see, and what their entries are. "nodes" holds several types. */
const typeOfSection: Record<string, ResourceType | null> = {
  nodes: null,
  sources: "source",
  macros: "macro",
  docs: "doc",
  exposures: "exposure",
  metrics: "metric",
  semantic_models: "semantic_model",
  saved_queries: "saved_query",
  unit_tests: "unit_test",
  functions: "function",
};
const typeOfNode: Record<string, ResourceType> = {
  model: "model",
  seed: "seed",
  snapshot: "snapshot",
  analysis: "analysis",
  test: "test",
  operation: "operation",
  function: "function",
};

export function holdsNodes(section: string): boolean {
  return Object.hasOwn(typeOfSection, section);
}

/** A data test or a unit test. */
export function isTest({ type }: Pick<NodeFacts, "type">): boolean {
  return type === "test" || type === "unit_test";
}

export function manifestFacts(metadata: unknown): ManifestFacts {
  const facts = metadataSchema.safeParse(metadata).data;
  const version = /\/v(\d+)(?:\.json)?$/.exec(facts?.dbt_schema_version ?? "")?.[1];
  const generatedAt = Date.parse(facts?.generated_at ?? "");
  return {
    projectName: facts?.project_name ?? null,
    dbtVersion: facts?.dbt_version ?? null,
    adapterType: facts?.adapter_type ?? null,
    generatedAt: Number.isNaN(generatedAt) ? null : generatedAt,
    schemaVersion: version === undefined ? null : Number(version),
  };
}

/** @returns null for what is nothing a person sees: rpc calls, entries without a name */
export function nodeFacts(section: string, id: string, raw: unknown): NodeFacts | null {
  const entry = entrySchema.safeParse(raw).data;
  if (!entry) return null;
  const type = typeOfSection[section] ?? typeOfNode[entry.resource_type] ?? null;
  if (!type || entry.name === "") return null;
  const facts: NodeFacts = {
    id,
    name: entry.name,
    type,
    packageName: entry.package_name || (id.split(".")[1] ?? ""),
    path: (entry.original_file_path || entry.path).replaceAll("\\", "/"),
  };
  const set = <Key extends keyof NodeFacts>(key: Key, value: NodeFacts[Key] | null): void => {
    if (value !== null && value !== "" && !(Array.isArray(value) && value.length === 0)) facts[key] = value;
  };
  const { config, depends_on: dependsOn } = entry;
  set("patchPath", entry.patch_path?.replaceAll("\\", "/") ?? null);
  set("description", entry.description ?? null);
  set("tags", [...new Set([...entry.tags, ...tagsOf(config.tags)])]);
  set("fqn", entry.fqn);
  set("group", entry.group ?? config.group ?? null);
  set("access", entry.access ?? config.access ?? null);
  set("materialized", type === "test" ? null : (config.materialized ?? null));
  set("relation", entry.relation_name ?? null);
  set("language", entry.language === "sql" ? null : (entry.language ?? null));
  set("version", entry.version == null ? null : String(entry.version));
  set("latestVersion", entry.latest_version == null ? null : String(entry.latest_version));
  set("columns", columnsOf(entry.columns));
  set("parents", [...new Set(dependsOn.nodes)]);
  set("macros", dependsOn.macros);
  set("docs", entry.doc_blocks);
  const code = entry.raw_code ?? entry.raw_sql ?? "";
  set("vars", varsIn(code));
  addFactsOfType(facts, raw, set);
  return facts;
}

function addFactsOfType(
  facts: NodeFacts,
  raw: unknown,
  set: <Key extends keyof NodeFacts>(key: Key, value: NodeFacts[Key] | null) => void,
): void {
  if (facts.type === "source") {
    const source = sourceSchema.safeParse(raw).data;
    set("source", source?.source_name || (facts.id.split(".")[2] ?? ""));
    set("sourceDescription", source?.source_description ?? null);
  } else if (facts.type === "test") {
    facts.test = testFacts(facts, raw);
  } else if (facts.type === "unit_test") {
    const model = unitTestSchema.safeParse(raw).data?.model;
    const of = facts.parents?.find((parent) => nameOfId(parent) === model) ?? facts.parents?.[0];
    facts.test = { kind: "unit", ...(of !== undefined && { of }) };
  } else if (facts.type === "macro") {
    const macro = macroSchema.safeParse(raw).data;
    const named = macro?.arguments.map((argument) => argument.name).filter((name) => name !== "") ?? [];
    set("arguments", named.length > 0 ? named : argumentsIn(macro?.macro_sql ?? ""));
    set("vars", varsIn(macro?.macro_sql ?? ""));
  } else if (facts.type === "doc") {
    set("text", docSchema.safeParse(raw).data?.block_contents ?? null);
  } else if (hasOwner.has(facts.type)) {
    const its = ownedSchema.safeParse(raw).data;
    set("label", its?.label ?? null);
    set("subtype", its?.type ?? null);
    const { name, email } = its?.owner ?? {};
    set("owner", typeof name === "string" ? name : typeof email === "string" ? email : null);
  }
}

function testFacts(facts: NodeFacts, raw: unknown): NonNullable<NodeFacts["test"]> {
  const test = testSchema.safeParse(raw).data;
  const metadata = test?.test_metadata;
  if (!metadata) return { kind: "singular" };
  const of = test.attached_node ?? facts.parents?.at(-1);
  return {
    kind: "generic",
    generic: metadata.namespace ? `${metadata.namespace}.${metadata.name}` : metadata.name,
    ...(test.column_name && { column: test.column_name }),
    ...(of !== undefined && { of }),
  };
}

function tagsOf(tags: unknown): string[] {
  if (typeof tags === "string") return [tags];
  return Array.isArray(tags) ? tags.filter((tag) => typeof tag === "string") : [];
}

function columnsOf(columns: z.infer<typeof entrySchema>["columns"]): ColumnFacts[] {
  return Object.entries(columns).map(([key, column]) => ({
    name: column.name || key,
    ...(column.data_type && { type: column.data_type }),
    ...(column.description && { description: column.description }),
  }));
}

function varsIn(code: string): string[] {
  if (!code.includes("var")) return [];
  return [...new Set([...code.matchAll(/\bvar\s*\(\s*['"]([^'"]+)['"]/g)].map((match) => match[1] ?? ""))];
}

/** Names of the parameters of `{% macro name(a, b=1) %}`, for manifests of a dbt that does not say them. */
function argumentsIn(code: string): string[] {
  const list = /\{%-?\s*(?:macro|test|materialization)\s+\w+\s*\(([^)]*)\)/.exec(code)?.[1] ?? "";
  return list
    .split(",")
    .map((part) => /^\s*(\w+)/.exec(part)?.[1] ?? "")
    .filter((name) => name !== "");
}

/** "customers" of "model.shop.customers", also where it is "model.shop.customers.v2". */
function nameOfId(id: string): string {
  return id.split(".")[2] ?? "";
}
