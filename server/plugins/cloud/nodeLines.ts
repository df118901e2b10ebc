import * as z from "zod";
import { parseJson } from "../../../protocol/json.ts";

/** What a line of dbt's log says of one of its nodes. */
export interface NodeLine {
  /** Which of how many, "3 of 11": the lines of one node share it. Null where the engine does not count. */
  count: { at: number; of: number } | null;
  /** Where the line itself says it: only a structured one does. */
  uniqueId: string | null;
  /** "model", "test" ...; "relation" is any of those that are tables; null where the line does not say. */
  kind: string | null;
  /** As dbt prints it: `main.orders`, `unique_orders_id`, `orders::adds_up`. */
  name: string;
  /** dbt's own word in run_results.json; "started" while it runs. */
  status: string;
  seconds: number | null;
  /** Rows that a test found. */
  failures: number | null;
}

/** A line as a person reads it, and as dbt means it. */
export interface LogLine {
  text: string;
  node: NodeLine | null;
}

const structuredSchema = z.object({
  info: z.object({ msg: z.string() }),
  data: z.object({ node_info: z.object({ unique_id: z.string() }).nullish().catch(null) }).nullish(),
});

/** @param line without colours and clock; one of dbt's JSON log is read too (`log_format: json`) */
export function readLogLine(line: string): LogLine {
  const structured = line.startsWith("{") ? structuredSchema.safeParse(parseJson(line)).data : undefined;
  const text = structured?.info.msg ?? line;
  const node = countedLine(text) ?? uncountedLine(text);
  const uniqueId = structured?.data?.node_info?.unique_id ?? null;
  return { text, node: node && { ...node, uniqueId } };
}

const statuses: Record<string, string> = {
  START: "started",
  OK: "success",
  ERROR: "error",
  PASS: "pass",
  FAIL: "fail",
  WARN: "warn",
  SKIP: "skipped",
  // The engine's own words.
  Succeeded: "success",
  Passed: "pass",
  Failed: "error",
  Warned: "warn",
  Skipped: "skipped",
  Reused: "reused",
};

/** "3 of 11 OK created sql table model main.orders ...... [OK in 0.26s]" */
function countedLine(text: string): Omit<NodeLine, "uniqueId"> | null {
  const [, at, of, word = "", said = "", end = ""] =
    /^(\d+) of (\d+) ([A-Z]+) (\S.*?)\s*\.*\s*\[([^\]]*)\]\s*$/.exec(text) ?? [];
  const status = statuses[word];
  if (status === undefined) return null;
  const what = said.replace(/ due to .*$/, "");
  const [, kind = null, name = what.split(" ").at(-1) ?? ""] =
    /(?:^|\s)(model|seed|snapshot|test|unit_test|relation)(?: file)? (\S+)$/.exec(what) ?? [];
  const seconds = /\bin ([\d.]+)s$/.exec(end)?.[1];
  const failures = /^(?:FAIL|WARN) (\d+)/.exec(end)?.[1];
  return {
    count: { at: Number(at), of: Number(of) },
    kind,
    name,
    status,
    seconds: seconds === undefined ? null : Number(seconds),
    failures: failures === undefined ? null : Number(failures),
  };
}

/** " Succeeded [  0.06s] model main.orders (table)": the v2 engine says the end alone. */
function uncountedLine(text: string): Omit<NodeLine, "uniqueId"> | null {
  const [, word = "", seconds = "", kind = "", name = ""] =
    /^\s*([A-Z][a-z]+) \[\s*([\d.]+s|-+)\] (model|seed|snapshot|test|unit_test)\s+(\S+)/.exec(text) ?? [];
  const status = statuses[word];
  if (status === undefined) return null;
  return {
    count: null,
    kind,
    name,
    status: status === "error" && /test$/.test(kind) ? "fail" : status,
    seconds: seconds.endsWith("s") ? Number.parseFloat(seconds) : null,
    failures: null,
  };
}
