import * as z from "zod";
import { parseJson } from "../../../protocol/json.ts";
import type { Log } from "../../platform/log.ts";
import type { Call, DbtEvent, NodeFacts } from "../dbtPlugin.ts";
import { driverProblem } from "./driverProblem.ts";
import { plain, readEngineMessage, type EngineDiagnostic } from "./engineMessage.ts";
import { counted } from "../../../protocol/counted.ts";

/** One diagnostic of a command, with the node it is about where it is about one. */
export interface SaidDiagnostic extends EngineDiagnostic {
  uniqueId: string | null;
}

/** What became of one node, from the events alone. */
export interface NodeOutcome {
  uniqueId: string;
  name: string;
  resourceType: string;
  /** Relative to the project. */
  path: string | null;
  status: string;
  startedAt: string | null;
  finishedAt: string | null;
  seconds: number | null;
  failures: number | null;
  message: string | null;
}

/** What a command of the engine did, from what it said while it ran. */
export interface EngineOutcome {
  exitCode: number | null;
  seconds: number;
  invocationId: string | null;
  dbtVersion: string | null;
  diagnostics: SaidDiagnostic[];
  /** Of `diagnostics`, those that were left out: more than anybody reads. */
  diagnosticsDropped: number;
  nodes: Map<string, NodeOutcome>;
  /** What `ls` listed: one JSON object each. */
  listed: string[];
  /** What `show` showed: rows as JSON. */
  shown: { preview: string; columns: string[]; sql: string | null } | null;
  /** What `compile --inline` compiled. */
  compiledInline: string | null;
  /** Artifacts were written: something was parsed, not only found unchanged. */
  wroteArtifacts: boolean;
  /** Lines that are no log of the engine. */
  otherOutput: string[];
}

const nodeInfo = z.looseObject({
  unique_id: z.string(),
  node_name: z.string().optional(),
  node_path: z.string().optional(),
  resource_type: z.string().optional(),
  node_status: z.string().optional(),
  node_started_at: z.string().optional(),
  node_finished_at: z.string().optional(),
});
const logLine = z.object({
  info: z.object({
    name: z.string(),
    level: z.string(),
    msg: z.string(),
    invocation_id: z.string().optional(),
  }),
  data: z.looseObject({ node_info: nodeInfo.optional().catch(undefined) }).optional(),
});
const runResult = z.looseObject({
  execution_time: z.number().nullish(),
  num_failures: z.number().nullish(),
  status: z.string().optional(),
});
const showNode = z.looseObject({
  preview: z.string(),
  columns: z.array(z.string()).nullish(),
  compiled: z.string().nullish(),
});
const compiledNode = z.looseObject({ compiled: z.string() });

/** Kept of each; a project that only dbt-core accepts can have thousands. */
const most = { diagnostics: 5000, otherLines: 200, messageLength: 20_000, logLength: 1_000_000 };

/** Events nobody needs to hear of twice: they say what others say better. */
const known = new Set([
  "MainReportVersion",
  "MainReportArgs",
  "Generic",
  "NodeStart",
  "NodeFinished",
  "NodeExecuting",
  "ArtifactWritten",
  "CommandCompleted",
  "PrintEvent",
  "ShowNode",
  "CompiledNode",
  "LogStartLine",
]);
const knownPattern = /^(Log\w+|Deps\w+|Jinja\w+|Node\w+|Macro\w+|Print\w*|\w+Freshness\w*)$/;

/**
 * Reads the engine's JSON log as it comes. A line of another shape, or an event it does not know, is passed over, counted
 * and said once.
 * @param clean takes secrets out of a text
 * @param shown makes paths of ours those of the user's, in what a person reads
 */
export class EngineEventReader {
  readonly outcome: EngineOutcome = {
    exitCode: null,
    seconds: 0,
    invocationId: null,
    dbtVersion: null,
    diagnostics: [],
    diagnosticsDropped: 0,
    nodes: new Map(),
    listed: [],
    shown: null,
    compiledInline: null,
    wroteArtifacts: false,
    otherOutput: [],
  };
  readonly #call: Call;
  readonly #clean: (text: string) => string;
  readonly #shown: (text: string) => string;
  readonly #finished = new Set<string>();
  #unknown = new Map<string, number>();
  #logged = 0;

  constructor(call: Call, clean: (text: string) => string, shown: (text: string) => string = (text) => text) {
    this.#call = call;
    this.#clean = clean;
    this.#shown = shown;
  }

  read(line: string): void {
    if (line === "") return;
    const parsed = line.startsWith("{") ? logLine.safeParse(parseJson(line)) : null;
    if (!parsed?.success) {
      if (line.startsWith("{")) this.#count("a line of another shape");
      const { otherOutput } = this.outcome;
      if (otherOutput.length < most.otherLines) otherOutput.push(this.#shown(this.#text(line)));
      return;
    }
    const { info, data } = parsed.data;
    this.outcome.invocationId ??= info.invocation_id ?? null;
    switch (info.name) {
      case "MainReportVersion":
        this.outcome.dbtVersion = /=\s*(\S+)/.exec(info.msg)?.[1] ?? null;
        return;
      case "MainReportArgs":
        return;
      case "ArtifactWritten":
        this.outcome.wroteArtifacts = true;
        return;
      case "PrintEvent":
        this.outcome.listed.push(info.msg);
        break;
      case "ShowNode": {
        const shown = showNode.safeParse(data).data;
        if (shown) {
          const { preview, columns, compiled } = shown;
          this.outcome.shown = { preview, columns: columns ?? [], sql: compiled ?? null };
        }
        return;
      }
      case "CompiledNode":
        this.outcome.compiledInline = compiledNode.safeParse(data).data?.compiled ?? null;
        return;
      case "NodeStart":
        if (data?.node_info) this.#started(data.node_info);
        return;
      case "NodeFinished":
        if (data?.node_info) this.#ended(data.node_info, data["run_result"]);
        return;
      default:
        if (!known.has(info.name) && !knownPattern.test(info.name)) this.#count(info.name);
    }
    const uniqueId = data?.node_info?.unique_id ?? null;
    if (info.level === "error" || info.level === "warn") {
      const isDiagnostic = info.name === "Generic" || /^\[(error|warning)\]/.test(info.msg);
      if (isDiagnostic) this.#diagnostic(info.msg, info.level, uniqueId);
    }
    this.#log(info.level, info.msg, uniqueId);
  }

  /** What was passed over, said once. */
  tellUnknown(log: Log): void {
    if (this.#unknown.size === 0) return;
    const all = [...this.#unknown].map(([name, count]) => `${name} (${count})`).join(", ");
    log.info(`The engine said things this version does not know, which were passed over: ${all}.`);
  }

  #started(node: z.infer<typeof nodeInfo>): void {
    if (this.outcome.nodes.has(node.unique_id)) return;
    this.outcome.nodes.set(node.unique_id, {
      uniqueId: node.unique_id,
      ...factsOf(node),
      path: node.node_path ?? null,
      status: "started",
      startedAt: node.node_started_at ?? null,
      finishedAt: null,
      seconds: null,
      failures: null,
      message: null,
    });
    this.#tell({ type: "nodeStarted", uniqueId: node.unique_id, node: factsOf(node) });
  }

  #ended(node: z.infer<typeof nodeInfo>, result: unknown): void {
    if (this.#finished.has(node.unique_id)) return;
    this.#finished.add(node.unique_id);
    if (!this.outcome.nodes.has(node.unique_id)) this.#started(node);
    const ended = this.outcome.nodes.get(node.unique_id);
    if (!ended) return;
    const { execution_time, num_failures, status } = runResult.safeParse(result).data ?? {};
    ended.status = status ?? node.node_status ?? "unknown";
    ended.finishedAt = node.node_finished_at ?? null;
    ended.seconds = execution_time ?? null;
    ended.failures = num_failures ?? null;
    ended.message ??= wordsOf(ended);
    this.#tell({
      type: "nodeFinished",
      uniqueId: node.unique_id,
      status: ended.status,
      seconds: ended.seconds ?? 0,
      ...(ended.message !== null && { message: ended.message }),
      ...(ended.failures !== null && { failures: ended.failures }),
      node: factsOf(node),
    });
  }

  #diagnostic(text: string, level: "error" | "warn", uniqueId: string | null): void {
    const read = readEngineMessage(this.#text(text), level);
    read.message = this.#shown(read.message);
    if (uniqueId !== null) {
      const node = this.outcome.nodes.get(uniqueId);
      read.file ??= node?.path ?? null;
      if (node && read.severity === "error")
        node.message = driverProblem(read.message)?.message ?? read.message;
    }
    if (this.outcome.diagnostics.length >= most.diagnostics) this.outcome.diagnosticsDropped += 1;
    else this.outcome.diagnostics.push({ ...read, uniqueId });
  }

  #log(level: string, text: string, uniqueId: string | null): void {
    if (!this.#call.onEvent || text === "" || this.#logged > most.logLength) return;
    if (level !== "info" && level !== "warn" && level !== "error") return;
    const message = this.#shown(this.#text(text));
    this.#logged += message.length;
    if (this.#logged > most.logLength) {
      this.#tell({
        type: "notice",
        message: "dbt logs more than is shown here; logs/dbt.log has all of it.",
      });
      return;
    }
    this.#tell({ type: "log", level, message, ...(uniqueId !== null && { uniqueId }) });
  }

  #text(text: string): string {
    const cut = text.length > most.messageLength ? text.slice(0, most.messageLength) : text;
    const clean = this.#clean(plain(cut)).trimEnd();
    return cut === text ? clean : `${clean}... (${text.length} characters)`;
  }

  #count(what: string): void {
    this.#unknown.set(what, (this.#unknown.get(what) ?? 0) + 1);
  }

  #tell(event: DbtEvent): void {
    this.#call.onEvent?.(event);
  }
}

/** The engine's artifacts say "Error" of a test that fails; a person wants to know how much. */
function wordsOf({ status, failures }: NodeOutcome): string | null {
  if (failures === null || failures === 0 || !/^(fail|warn)$/.test(status)) return null;
  return `Got ${counted(failures, "result")}, configured to ${status} if != 0`;
}

function factsOf(node: z.infer<typeof nodeInfo>): NodeFacts {
  const [type = "", , ...rest] = node.unique_id.split(".");
  return {
    name: node.node_name ?? rest.join("."),
    resourceType: node.resource_type ?? type,
    ...(node.node_path !== undefined &&
      !/^(\.\.|target)[\\/]/.test(node.node_path) && { path: node.node_path }),
  };
}
