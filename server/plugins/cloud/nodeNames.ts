import { readFile, stat } from "node:fs/promises";
import * as z from "zod";
import { parseJson } from "../../../protocol/json.ts";
import type { NodeFacts } from "../dbtPlugin.ts";

const nodeSchema = z.object({
  name: z.string().nullish(),
  alias: z.string().nullish(),
  schema: z.string().nullish(),
  database: z.string().nullish(),
  resource_type: z.string().nullish(),
  original_file_path: z.string().nullish(),
});
const manifestSchema = z.object({
  nodes: z.record(z.string(), nodeSchema),
  unit_tests: z
    .record(
      z.string(),
      z.object({
        name: z.string().nullish(),
        model: z.string().nullish(),
        original_file_path: z.string().nullish(),
      }),
    )
    .nullish(),
});

/** A manifest larger than this is not read whole: it is kept on disk for whoever streams it. */
const largestManifest = 64_000_000;

/** What a manifest says of its nodes, and what dbt's log calls them. */
export class NodeNames {
  readonly facts = new Map<string, NodeFacts>();
  /** "model main.orders" -> its id; null where two are called so. */
  readonly #ids = new Map<string, string | null>();

  static async read(manifestPath: string): Promise<NodeNames> {
    const { size } = await stat(manifestPath);
    const names = new NodeNames();
    if (size > largestManifest) return names;
    const parsed = manifestSchema.safeParse(parseJson(await readFile(manifestPath, "utf8"))).data;
    for (const [id, node] of Object.entries(parsed?.nodes ?? {})) {
      const { database, schema, original_file_path } = node;
      const name = node.name ?? id;
      const resourceType = node.resource_type ?? id.split(".")[0] ?? "";
      names.facts.set(id, { name, resourceType, ...(original_file_path && { path: original_file_path }) });
      const isTable = ["model", "seed", "snapshot"].includes(resourceType);
      for (const called of new Set([node.alias ?? name, name])) {
        const all = [called, `${schema}.${called}`, `${database}.${schema}.${called}`];
        for (const each of all) {
          names.#call(resourceType, each, id);
          if (isTable) names.#call("relation", each, id);
        }
      }
    }
    for (const [id, { name, model, original_file_path }] of Object.entries(parsed?.unit_tests ?? {})) {
      const facts = { name: name ?? id, resourceType: "unit_test" };
      names.facts.set(id, { ...facts, ...(original_file_path && { path: original_file_path }) });
      names.#call("unit_test", facts.name, id);
      names.#call("unit_test", `${model}::${facts.name}`, id);
    }
    return names;
  }

  /** @param name as dbt's log has it; the schema may be another than in the manifest */
  find(kind: string, name: string): string | null {
    const known = this.#ids.get(`${kind} ${name}`);
    return known === undefined ? (this.#ids.get(`${kind} ${name.split(".").at(-1)}`) ?? null) : known;
  }

  #call(kind: string, name: string, id: string): void {
    const key = `${kind} ${name}`;
    const known = this.#ids.get(key);
    this.#ids.set(key, known === undefined || known === id ? id : null);
  }
}
