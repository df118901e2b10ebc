import * as z from "zod";
import { withoutColours } from "../../platform/terminalText.ts";
import type { Call, DbtEvent, NodeFacts } from "../dbtPlugin.ts";
import { isTest, rowCount } from "../runResultsFile.ts";

/** What a dbt command did, from what it said while it ran. */
export interface DbtOutcome {
  exitCode: number | null;
  seconds: number;
  /** dbt's id of this invocation; artifacts carry it. Null if dbt did not come that far. */
  invocationId: string | null;
  dbtVersion: string | null;
  /** Messages of level error and warn, in order; the first few hundred. */
  errors: string[];
  warnings: string[];
  /** What was printed and is not dbt's log: an import error, say. */
  otherOutput: string;
  /** What `dbt list` listed: one JSON object each. */
  listed: string[];
  /** Where each node is and its compiled SQL, relative to the project, as far as dbt said it. */
  nodes: Map<string, { path: string | null; compiledPath: string | null }>;
}

export function emptyOutcome(): DbtOutcome {
  return {
    exitCode: null,
    seconds: 0,
    invocationId: null,
    dbtVersion: null,
    errors: [],
    warnings: [],
    otherOutput: "",
    listed: [],
    nodes: new Map(),
  };
}

/** Kept of errors and warnings each; a model of a thousand columns can warn a thousand times. */
const mostMessages = 500;
/** Characters of one message, and of all log lines of one command, that are passed on; dbt's own log file has the rest. */
const limits = { message: 20_000, log: 1_000_000 };

const nodeInfoSchema = z.object({
  unique_id: z.string(),
  node_name: z.string().optional(),
  resource_type: z.string().optional(),
  node_status: z.string().optional(),
  /** Ours, from a process that holds the manifest: relative to the project. */
  original_file_path: z.string().optional(),
  compiled_path: z.string().optional(),
  materialized: z.string().optional(),
});

const logLineSchema = z.object({
  info: z.object({
    name: z.string(),
    level: z.string(),
    msg: z.string(),
    invocation_id: z.string().optional(),
  }),
  data: z.looseObject({ node_info: nodeInfoSchema.optional().catch(undefined) }).optional(),
});
type LogLine = z.infer<typeof logLineSchema>;
type NodeInfo = z.infer<typeof nodeInfoSchema>;

const runResultSchema = z.object({
  status: z.string(),
  message: z.string().nullish(),
  execution_time: z.number().nullish(),
  num_failures: z.number().nullish(),
  adapter_response: z.looseObject({}).nullish(),
});
const hookSchema = z.object({ execution_time: z.number().optional(), status: z.string().optional() });

/**
 * Reads dbt's structured log, line by line, as it comes from its command line or from a process that keeps dbt imported.
 * @param clean takes secrets and ANSI out of a text
 */
export class DbtEventReader {
  readonly outcome = emptyOutcome();
  readonly #call: Call;
  readonly #clean: (text: string) => string;
  readonly #running = new Set<string>();
  #logged = 0;

  constructor(call: Call, clean: (text: string) => string) {
    this.#call = call;
    this.#clean = clean;
  }

  /** @returns false if it is no line of dbt's log */
  read(value: unknown): boolean {
    const parsed = logLineSchema.safeParse(value);
    if (!parsed.success) return false;
    const { info, data } = parsed.data;
    this.outcome.invocationId ??= info.invocation_id ?? null;
    // dbt 1.8 says ListCmdOut; a macro's print() is a PrintEvent too, without the braces.
    if (info.name === "ListCmdOut" || (info.name === "PrintEvent" && info.msg.startsWith('{"'))) {
      this.outcome.listed.push(info.msg);
      return true;
    }
    const node = data?.node_info;
    if (info.name === "MainReportVersion") {
      this.outcome.dbtVersion = /dbt=(\S+)/.exec(info.msg)?.[1] ?? null;
    } else if (info.name === "ConcurrencyLine") {
      const total = Number(data?.["node_count"]);
      if (total > 0) this.#tell({ type: "nodesTotal", total });
    } else if (node) this.#readNode(parsed.data, node);
    this.#readMessage(info, node);
    return true;
  }

  #readMessage({ level, msg }: LogLine["info"], node: NodeInfo | undefined): void {
    if (level !== "info" && level !== "warn" && level !== "error") return;
    const message = this.#text(msg);
    const { errors, warnings } = this.outcome;
    if (level === "error" && errors.length < mostMessages) errors.push(message);
    if (level === "warn" && warnings.length < mostMessages) warnings.push(message);
    if (message.trim() === "") return;
    if (level === "info" && this.#logged > limits.log) return;
    this.#logged += message.length;
    if (this.#logged > limits.log) {
      this.#tell({
        type: "notice",
        message: "dbt logged more than a megabyte; the rest is in dbt's own log file.",
      });
    }
    this.#tell({ type: "log", level, message, ...(node && { uniqueId: node.unique_id }) });
  }

  #readNode({ info: { name }, data }: LogLine, node: NodeInfo): void {
    const uniqueId = node.unique_id;
    // Compiled into those that use it; neither counted nor in run_results.json.
    if (node.materialized === "ephemeral") return;
    const facts = { node: factsOf(node) };
    if (name === "NodeStart" || name === "LogHookStartLine" || name === "LogStartLine") {
      if (this.#running.has(uniqueId)) return;
      this.#running.add(uniqueId);
      this.outcome.nodes.set(uniqueId, {
        path: node.original_file_path ?? null,
        compiledPath: node.compiled_path ?? null,
      });
      this.#tell({ type: "nodeStarted", uniqueId, ...facts });
    } else if (name === "NodeFinished") {
      this.#running.delete(uniqueId);
      const known = this.outcome.nodes.get(uniqueId);
      if (known) known.compiledPath = node.compiled_path ?? known.compiledPath;
      const result = runResultSchema.safeParse(data?.["run_result"]).data;
      const message = this.#text(result?.message ?? "");
      const rowsAffected = rowCount(result?.adapter_response?.["rows_affected"]);
      this.#tell({
        type: "nodeFinished",
        uniqueId,
        status: result?.status ?? node.node_status ?? "unknown",
        seconds: result?.execution_time ?? 0,
        ...(message !== "" && { message }),
        ...(rowsAffected !== null && { rowsAffected }),
        ...(isTest(uniqueId) && typeof result?.num_failures === "number"
          ? { failures: result.num_failures }
          : {}),
        ...facts,
      });
    } else if (name === "GenericExceptionOnRun") {
      this.#running.delete(uniqueId);
      const message = this.#text(z.object({ exc: z.string() }).safeParse(data).data?.exc ?? "");
      this.#tell({ type: "nodeFinished", uniqueId, status: "error", seconds: 0, message, ...facts });
    } else if (name === "LogHookEndLine") {
      this.#running.delete(uniqueId);
      const { execution_time = 0, status } = hookSchema.safeParse(data).data ?? {};
      this.#tell({
        type: "nodeFinished",
        uniqueId,
        status: status ?? node.node_status ?? "unknown",
        seconds: execution_time,
        ...facts,
      });
    }
  }

  #text(text: string): string {
    const clean = this.#clean(text.length > limits.message * 2 ? text.slice(0, limits.message * 2) : text);
    if (clean.length <= limits.message) return clean;
    return `${clean.slice(0, limits.message)}... (${text.length} characters)`;
  }

  #tell(event: DbtEvent): void {
    this.#call.onEvent?.(event);
  }
}

function factsOf(node: NodeInfo): NodeFacts {
  const [type, , ...rest] = node.unique_id.split(".");
  return {
    name: node.node_name ?? rest.join("."),
    resourceType: node.resource_type ?? type ?? "",
    ...(node.original_file_path !== undefined && { path: node.original_file_path }),
  };
}

/** Without the colours dbt may add in spite of what it is told. */
export function plain(text: string): string {
  return withoutColours(text).trimEnd();
}
