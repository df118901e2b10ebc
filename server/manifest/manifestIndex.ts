import path from "node:path";
import { type ResourceType, resourceTypes } from "../../protocol/manifest.ts";
import { pathKey } from "../platform/paths.ts";
import type { ManifestFacts, NodeFacts } from "./nodeFacts.ts";

/** Where the packages of a project are. */
export interface ProjectFolders {
  projectDir: string;
  projectName: string;
  /** Folder that holds the installed packages. */
  packagesDir: string;
}

const definitionOrder: readonly ResourceType[] = [
  "model",
  "seed",
  "snapshot",
  "analysis",
  "source",
  "exposure",
  "metric",
  "semantic_model",
  "saved_query",
  "function",
  "macro",
  "unit_test",
  "test",
  "doc",
  "operation",
];
const noIds: ReadonlySet<string> = new Set();

/**
 * The nodes of a manifest, found by id, name, file, type, parents and children. Nodes come and go one by one, so that a
 * manifest can be taken in by small steps and an edited model costs no more than itself.
 */
export class ManifestIndex {
  readonly folders: ProjectFolders;
  facts: ManifestFacts = {
    projectName: null,
    dbtVersion: null,
    adapterType: null,
    generatedAt: null,
    schemaVersion: null,
  };
  /** Counts what came and went. */
  revision = 0;
  readonly #nodes = new Map<string, NodeFacts>();
  readonly #types = new Map<ResourceType, Map<string, NodeFacts>>();
  readonly #sorted = new Map<ResourceType, NodeFacts[]>();
  readonly #byName = new Map<string, Set<string>>();
  readonly #byFile = new Map<string, Set<string>>();
  readonly #children = new Map<string, Set<string>>();
  readonly #callers = new Map<string, Set<string>>();

  constructor(folders: ProjectFolders) {
    this.folders = folders;
  }

  get size(): number {
    return this.#nodes.size;
  }

  add(facts: NodeFacts): void {
    this.remove(facts.id);
    this.revision += 1;
    this.#nodes.set(facts.id, facts);
    let ofType = this.#types.get(facts.type);
    if (!ofType) this.#types.set(facts.type, (ofType = new Map<string, NodeFacts>()));
    ofType.set(facts.id, facts);
    this.#sorted.delete(facts.type);
    put(this.#byName, facts.name, facts.id);
    for (const file of filesOf(facts)) put(this.#byFile, file, facts.id);
    for (const parent of facts.parents ?? []) put(this.#children, parent, facts.id);
    for (const macro of facts.macros ?? []) put(this.#callers, macro, facts.id);
  }

  remove(id: string): void {
    const facts = this.#nodes.get(id);
    if (!facts) return;
    this.revision += 1;
    this.#nodes.delete(id);
    this.#types.get(facts.type)?.delete(id);
    this.#sorted.delete(facts.type);
    drop(this.#byName, facts.name, id);
    for (const file of filesOf(facts)) drop(this.#byFile, file, id);
    for (const parent of facts.parents ?? []) drop(this.#children, parent, id);
    for (const macro of facts.macros ?? []) drop(this.#callers, macro, id);
  }

  node(id: string): NodeFacts | undefined {
    return this.#nodes.get(id);
  }

  all(): IterableIterator<NodeFacts> {
    return this.#nodes.values();
  }

  /** Of one type, by name. */
  ofType(type: ResourceType): readonly NodeFacts[] {
    const known = this.#sorted.get(type);
    if (known) return known;
    const nodes = [...(this.#types.get(type)?.values() ?? [])].sort(byName);
    this.#sorted.set(type, nodes);
    return nodes;
  }

  count(type: ResourceType): number {
    return this.#types.get(type)?.size ?? 0;
  }

  /** Of each type that is there. dbt's own macros and docs are counted by nobody. */
  get counts(): Partial<Record<ResourceType, number>> {
    const counts: Partial<Record<ResourceType, number>> = {};
    for (const type of resourceTypes) {
      const count =
        type === "macro" || type === "doc"
          ? this.ofType(type).filter((facts) => !this.isInternal(facts.packageName)).length
          : this.count(type);
      if (count > 0) counts[type] = count;
    }
    return counts;
  }

  named(name: string): NodeFacts[] {
    return this.#resolve(this.#byName.get(name) ?? noIds);
  }

  parents(id: string): NodeFacts[] {
    return this.#resolve(this.#nodes.get(id)?.parents ?? []);
  }

  children(id: string): NodeFacts[] {
    return this.#resolve(this.#children.get(id) ?? noIds);
  }

  /** What calls a macro: nodes and macros. */
  callers(macroId: string): NodeFacts[] {
    return this.#resolve(this.#callers.get(macroId) ?? noIds);
  }

  /** What a file defines or describes. */
  inFile(filePath: string): NodeFacts[] {
    const file = this.#fileKey(filePath);
    return file === null ? [] : this.#resolve(this.#byFile.get(file) ?? noIds);
  }

  /**
   * What a file defines, what people look for in it first: a model before its macros, a source before an exposure. Of a
   * YAML file that defines nothing but tests: what it describes.
   */
  definedIn(filePath: string): NodeFacts[] {
    const rank = ({ type }: NodeFacts): number => definitionOrder.indexOf(type);
    const all = this.inFile(filePath).sort((a, b) => rank(a) - rank(b));
    const isTestInYaml = ({ test }: NodeFacts): boolean => test !== undefined && test.kind !== "singular";
    const defined = all.filter(
      (facts) => !isTestInYaml(facts) && this.filePathOf(facts) === path.normalize(filePath),
    );
    return defined.length > 0 ? defined : all.filter((facts) => !isTestInYaml(facts));
  }

  /** Absolute path of the file that defines a node; null for packages whose files are elsewhere, such as dbt's own. */
  filePathOf(facts: NodeFacts): string | null {
    return this.filePath(facts.packageName, facts.path);
  }

  /** Absolute path of the YAML that describes a node, where it is not the file that defines it. */
  patchPathOf({ patchPath }: NodeFacts): string | null {
    const patch = splitPatch(patchPath);
    return patch && this.filePath(patch.packageName, patch.relative);
  }

  filePath(packageName: string, relative: string): string | null {
    if (relative === "") return null;
    const { projectDir, packagesDir } = this.folders;
    if (packageName === this.projectName) return path.join(projectDir, relative);
    return this.isInternal(packageName) ? null : path.join(packagesDir, packageName, relative);
  }

  /** The package a file belongs to. */
  packageOf(filePath: string): string {
    const key = this.#fileKey(filePath);
    return key === null ? this.projectName : key.slice(0, key.indexOf("://"));
  }

  get projectName(): string {
    return this.facts.projectName ?? this.folders.projectName;
  }

  /** dbt's own package, and its adapter's: nobody's project. Older manifests do not say which adapter it is. */
  isInternal(packageName: string): boolean {
    return (
      packageName === "dbt" ||
      knownAdapterPackages.has(packageName) ||
      packageName === `dbt_${this.facts.adapterType ?? ""}`
    );
  }

  #fileKey(filePath: string): string | null {
    const { projectDir, packagesDir } = this.folders;
    const inPackages = path.relative(pathKey(packagesDir), pathKey(filePath));
    if (isBelow(inPackages)) {
      const [packageName = "", ...rest] = path.relative(packagesDir, filePath).split(path.sep);
      return fileKey(packageName, rest.join("/"));
    }
    const relative = path.relative(pathKey(projectDir), pathKey(filePath));
    if (!isBelow(relative)) return null;
    return fileKey(this.projectName, path.relative(projectDir, filePath).split(path.sep).join("/"));
  }

  #resolve(ids: Iterable<string>): NodeFacts[] {
    const found: NodeFacts[] = [];
    for (const id of ids) {
      const facts = this.#nodes.get(id);
      if (facts) found.push(facts);
    }
    return found;
  }
}

const knownAdapterPackages = new Set(
  ["postgres", "duckdb", "snowflake", "bigquery", "redshift", "databricks", "spark", "trino", "athena"]
    .concat(["sqlserver", "fabric", "synapse", "clickhouse", "sqlite", "mysql", "oracle", "teradata"])
    .map((adapter) => `dbt_${adapter}`),
);

export function byName(a: NodeFacts, b: NodeFacts): number {
  return compareText(a.name, b.name) || compareText(a.id, b.id);
}

/** By code units, which is what names are sorted by everywhere: the same on each machine, and quick. */
export function compareText(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function filesOf(facts: NodeFacts): string[] {
  const files = facts.path === "" ? [] : [fileKey(facts.packageName, facts.path)];
  const patch = splitPatch(facts.patchPath);
  if (patch) files.push(fileKey(patch.packageName, patch.relative));
  return files;
}

function splitPatch(patchPath: string | undefined): { packageName: string; relative: string } | null {
  const at = patchPath?.indexOf("://") ?? -1;
  if (patchPath === undefined || at < 0) return null;
  return { packageName: patchPath.slice(0, at), relative: patchPath.slice(at + 3) };
}

/** As dbt writes a `patch_path`. */
function fileKey(packageName: string, relative: string): string {
  return `${packageName}://${process.platform === "win32" ? relative.toLowerCase() : relative}`;
}

function isBelow(relative: string): boolean {
  return relative !== "" && !relative.startsWith("..") && !path.isAbsolute(relative);
}

function put(map: Map<string, Set<string>>, key: string, value: string): void {
  const known = map.get(key);
  if (known) known.add(value);
  else map.set(key, new Set([value]));
}

function drop(map: Map<string, Set<string>>, key: string, value: string): void {
  const known = map.get(key);
  known?.delete(value);
  if (known?.size === 0) map.delete(key);
}
