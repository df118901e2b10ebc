import * as z from "zod";
import type { DbtCompilationResult } from "../../protocol/compilation.ts";
import { parseJson } from "../../protocol/json.ts";
import { withoutColours } from "../platform/terminalText.ts";

/** dbt's run_results.json, whoever ran it. Nulls and unknown keys are legal: its versions differ. */
const nodeSchema = z.looseObject({
  unique_id: z.string(),
  status: z.string(),
  execution_time: z.number().nullish(),
  message: z.string().transform(withoutColours).nullish(),
  failures: z.number().nullish(),
  relation_name: z.string().nullish(),
  thread_id: z.string().nullish(),
  adapter_response: z.looseObject({}).nullish().catch(null),
  timing: z
    .array(
      z.looseObject({
        name: z.string(),
        started_at: z.string().nullish(),
        completed_at: z.string().nullish(),
      }),
    )
    .nullish(),
});
export type ResultNode = z.output<typeof nodeSchema>;

const runResultsSchema = z.looseObject({
  metadata: z.looseObject({ invocation_id: z.string().nullish(), dbt_version: z.string().nullish() }),
  results: z.array(nodeSchema),
  args: z.looseObject({}).nullish(),
});
export type RunResults = z.output<typeof runResultsSchema>;

/** @returns null where the text is not what dbt writes */
export function parseRunResults(text: string): RunResults | null {
  return runResultsSchema.safeParse(parseJson(text)).data ?? null;
}

export const isTest = (uniqueId: string): boolean => /^(test|unit_test)\./.test(uniqueId);

/** How many rows the warehouse says it wrote; null where it does not say, or says -1. */
export function rowCount(value: unknown): number | null {
  const count = typeof value === "string" && value !== "" ? Number(value) : value;
  return typeof count === "number" && Number.isFinite(count) && count >= 0 ? count : null;
}

/** Where a node is defined, and its compiled SQL; absolute. */
export interface NodePlace {
  file: string | null;
  compiled: string | null;
}

/**
 * What the results say of a command: ADR-0043's counts, and each node.
 * @param clean takes secrets out of a message of dbt's
 */
export function resultFacts(
  { results, args }: RunResults,
  placeOf: (uniqueId: string) => NodePlace | undefined,
  clean: (text: string) => string,
): Pick<DbtCompilationResult, "modelsRun" | "testsRun" | "failures" | "metadata"> {
  const count = (is: (id: string, status: string) => boolean): number =>
    results.filter(({ unique_id, status }) => is(unique_id, status)).length;
  return {
    modelsRun: count((id, status) => id.startsWith("model.") && status === "success"),
    testsRun: count((id, status) => isTest(id) && status !== "skipped"),
    failures: count((_id, status) => ["error", "fail", "runtime error"].includes(status)),
    metadata: {
      full_refresh: args?.["full_refresh"] === true,
      skipped: count((_id, status) => status === "skipped"),
      test_warnings: count((id, status) => isTest(id) && status === "warn"),
      nodes: results.map((node) => nodeFacts(node, placeOf(node.unique_id), clean)),
    },
  };
}

function nodeFacts(node: ResultNode, place: NodePlace | undefined, clean: (text: string) => string) {
  const failing = isTest(node.unique_id) ? (node.failures ?? null) : null;
  const timing = node.timing ?? [];
  return {
    unique_id: node.unique_id,
    status: node.status,
    seconds: node.execution_time ?? null,
    started_at: timing.find(({ started_at }) => started_at)?.started_at ?? null,
    message: node.message ? clean(node.message) : null,
    failures: failing,
    failing_rows: failing,
    rows_affected: rowCount(node.adapter_response?.["rows_affected"]),
    relation_name: node.relation_name ?? null,
    file: place?.file ?? null,
    compiled_path: place?.compiled ?? null,
    timing: timing.map(({ name, started_at, completed_at }) => ({
      name,
      started_at: started_at ?? null,
      completed_at: completed_at ?? null,
    })),
    thread_id: node.thread_id ?? null,
  };
}
