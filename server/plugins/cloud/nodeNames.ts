import type { NodeFacts } from "../dbtPlugin.ts";

/** What is wanted of a node in a manifest. */
export interface ManifestNode {
  id: string;
  name: string;
  type: string;
  /** File that defines it, relative to its package. */
  path: string;
  /** As SQL names it: `"shop"."main"."orders"`. */
  relation?: string;
  /** Of a unit test: the id of its model. */
  test?: { of?: string };
}

/**
 * Reads the nodes of a manifest, some at a time, whatever its size: without holding it, and where an editor waits for this
 * process in a thread. @throws an error if it is none
 */
export type ReadManifest = (
  manifestPath: string,
  take: (nodes: readonly ManifestNode[]) => void,
  signal: AbortSignal,
) => Promise<unknown>;

/** What a manifest says of its nodes, and what dbt's log calls them. */
export class NodeNames {
  readonly facts = new Map<string, NodeFacts>();
  /** "model main.orders" -> its id; null where two are called so. */
  readonly #ids = new Map<string, string | null>();

  /** @throws what `read` does */
  static async of(manifestPath: string, read: ReadManifest, signal: AbortSignal): Promise<NodeNames> {
    const names = new NodeNames();
    const take = (nodes: readonly ManifestNode[]): void => nodes.forEach((node) => names.#add(node));
    await read(manifestPath, take, signal);
    return names;
  }

  /** @param name as dbt's log has it; the schema may be another than in the manifest */
  find(kind: string, name: string): string | null {
    const known = this.#ids.get(`${kind} ${name}`);
    return known === undefined ? (this.#ids.get(`${kind} ${name.split(".").at(-1)}`) ?? null) : known;
  }

  #add({ id, name, type, path, relation, test }: ManifestNode): void {
    if (!inLogs.has(type)) return;
    this.facts.set(id, { name, resourceType: type, ...(path !== "" && { path }) });
    const parts = partsOf(relation ?? "");
    const alias = parts.at(-1) ?? name;
    for (const called of new Set([alias, name])) {
      const qualified = parts.slice(0, -1).map((_part, at) => [...parts.slice(at, -1), called].join("."));
      for (const each of [called, ...qualified]) {
        this.#call(type, each, id);
        if (tables.has(type)) this.#call("relation", each, id);
      }
    }
    const model = test?.of?.split(".")[2];
    if (type === "unit_test" && model !== undefined) this.#call(type, `${model}::${name}`, id);
  }

  #call(kind: string, name: string, id: string): void {
    const key = `${kind} ${name}`;
    const known = this.#ids.get(key);
    this.#ids.set(key, known === undefined || known === id ? id : null);
  }
}

const tables = new Set(["model", "seed", "snapshot"]);
/** What a run may have as a node of its own. */
const inLogs = new Set([...tables, "test", "unit_test", "function", "operation", "analysis"]);

/** The parts of a relation's name, without their quotes. */
const partsOf = (relation: string): string[] =>
  [...relation.matchAll(/"([^"]+)"|`([^`]+)`|\[([^\]]+)\]|[^\s."`[\]]+/g)].flatMap(
    ([whole, double, back, square]) => double ?? square ?? (back === undefined ? whole : back.split(".")),
  );
