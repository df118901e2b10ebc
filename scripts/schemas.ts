/** Writes schemas/*.schema.json from the zod schemas of manifest.yaml and floe.yaml: `node scripts/schemas.ts`. */
import { writeFileSync } from "node:fs";
import path from "node:path";
import { format, resolveConfig } from "prettier";
import * as z from "zod";
import { manifestSchema } from "../server/config/manifestSchema.ts";
import { specSchema } from "../server/config/specSchema.ts";

const schemas = {
  "floe-manifest.schema.json": jsonSchema(manifestSchema, "floe manifest.yaml"),
  "floe.schema.json": jsonSchema(specSchema, "floe.yaml"),
};

/** The text of each file in schemas/, by name. A test compares it with what is there. */
export async function schemaFiles(): Promise<Record<string, string>> {
  const style = await resolveConfig(import.meta.filename);
  const files: Record<string, string> = {};
  for (const [name, schema] of Object.entries(schemas)) {
    files[name] = await format(JSON.stringify(schema), { ...style, parser: "json" });
  }
  return files;
}

function jsonSchema(schema: z.ZodType, title: string): object {
  // What may be written in the file, which is what goes into the schema.
  return { title, ...z.toJSONSchema(schema, { target: "draft-7", io: "input" }) };
}

if (import.meta.main) {
  for (const [name, text] of Object.entries(await schemaFiles())) {
    writeFileSync(path.join(import.meta.dirname, "..", "schemas", name), text);
  }
}
