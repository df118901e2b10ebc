import * as z from "zod";
import type { DbtCompilationResult } from "../../protocol/compilation.ts";

/** What a plugin says of each node in `metadata.nodes` of its result; anything but the id and the status may be absent. */
const nodeResultSchema = z.object({
  unique_id: z.string(),
  status: z.string(),
  name: z.string().nullish().catch(null),
  resource_type: z.string().nullish().catch(null),
  seconds: z.number().nullish().catch(null),
  started_at: z.string().nullish().catch(null),
  message: z.string().nullish().catch(null),
  failures: z.number().nullish().catch(null),
  failing_rows: z.number().nullish().catch(null),
  rows_affected: z.number().nullish().catch(null),
  file: z.string().nullish().catch(null),
  compiled_path: z.string().nullish().catch(null),
});
export type NodeResult = z.infer<typeof nodeResultSchema>;

/** The nodes of a result, in dbt's order. What is not one is left out. */
export function nodeResults({ metadata }: DbtCompilationResult): NodeResult[] {
  const { nodes } = metadata;
  if (!Array.isArray(nodes)) return [];
  return nodes.flatMap((node) => nodeResultSchema.safeParse(node).data ?? []);
}

/** Warnings dbt gave along with a result: "The selection criterion 'zzz' does not match any enabled nodes". */
export function warningsOf({ metadata }: DbtCompilationResult): string[] {
  const { warnings } = metadata;
  return Array.isArray(warnings) ? warnings.filter((each) => typeof each === "string") : [];
}
