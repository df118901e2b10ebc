import { randomUUID } from "node:crypto";
import type { DbtCompilationResult } from "../../protocol/compilation.ts";
import {
  nodeStatus,
  type NodeStatus,
  type Run,
  type RunHead,
  type RunNode,
  type RunRequest,
  type RunState,
} from "../../protocol/run.ts";
import type { Remedy, RuntimeName } from "../../protocol/runtime.ts";
import type { DbtEvent, NodeFacts } from "../plugins/dbtPlugin.ts";
import { nodeFile, sqlFileOf, type ProjectFolders } from "./nodeFiles.ts";
import { nodeResults, warningsOf, type NodeResult } from "./nodeResults.ts";
import { RunLog, shortened, withoutControls } from "./runLog.ts";
import type { StoredRun } from "./runHistory.ts";
import { commandOf, titleOf, whatFailed } from "./runWords.ts";

const maxMessage = 8_000;
const maxNotices = 20;
const endStates: ReadonlySet<RunState> = new Set(["success", "failed", "error", "cancelled", "interrupted"]);
export const hasEnded = (state: RunState): boolean => endStates.has(state);

export interface RunFacts {
  request: RunRequest;
  runtime: RuntimeName;
  target: string | null;
  /** The target as the command names it; undefined where it is the profile's own. */
  targetOption: string | undefined;
  folders: ProjectFolders;
  /** Takes secrets out of what dbt says. */
  clean: (text: string) => string;
}

/** One run as it is known: what events tell while it goes on, and its result afterwards. */
export class RunRecord {
  readonly head: RunHead;
  readonly log: RunLog;
  readonly #nodes = new Map<string, RunNode>();
  readonly #changed = new Set<string>();
  readonly #folders: ProjectFolders;
  readonly #clean: (text: string) => string;

  constructor({ request, runtime, target, targetOption, folders, clean }: RunFacts) {
    this.#folders = folders;
    this.#clean = (text) => clean(shortened(withoutControls(text), maxMessage));
    this.log = new RunLog(clean);
    this.head = {
      id: randomUUID(),
      request,
      title: titleOf(request),
      command: clean(commandOf(request, targetOption)),
      runtime,
      target,
      state: "queued",
      queuedAt: Date.now(),
      startedAt: null,
      endedAt: null,
      total: null,
      message: null,
      notices: [],
      link: null,
      steps: [],
    };
  }

  /** A run of the history. One that had not ended was interrupted. */
  static restored({ run, log }: StoredRun, facts: Pick<RunFacts, "folders" | "clean">): RunRecord {
    const { nodes, ...head } = run;
    const { request, runtime, target } = head;
    const record = new RunRecord({ ...facts, request, runtime, target, targetOption: undefined });
    Object.assign(record.head, head);
    for (const node of nodes) record.#nodes.set(node.uniqueId, node);
    for (const { at, text, uniqueId } of log) record.log.add(text, uniqueId, at);
    record.#interrupted();
    record.#changed.clear();
    return record;
  }

  get nodes(): RunNode[] {
    return [...this.#nodes.values()];
  }

  get run(): Run {
    return { ...this.head, nodes: this.nodes };
  }

  /** The nodes that changed since this was asked the last time. */
  takeChanged(): RunNode[] {
    const changed = [...this.#changed].flatMap((id) => this.#nodes.get(id) ?? []);
    this.#changed.clear();
    return changed;
  }

  waitsFor(message: string): void {
    this.head.message = message;
  }

  started(): void {
    this.head.state = "running";
    this.head.startedAt = Date.now();
    this.head.message = null;
  }

  /** @returns the node the event told the end of */
  event(event: DbtEvent): RunNode | null {
    if (hasEnded(this.head.state)) return null;
    switch (event.type) {
      case "nodesTotal":
        this.head.total = event.total;
        return null;
      case "nodeStarted":
        this.#update(event.uniqueId, { status: "running", startedAt: Date.now(), ...this.#facts(event) });
        // dbt's build counts its unit tests late, and some of them twice.
        if (this.head.total !== null) this.head.total = Math.max(this.head.total, this.#nodes.size);
        return null;
      case "nodeFinished": {
        const { uniqueId, status, seconds, message, rowsAffected, failures } = event;
        return this.#update(uniqueId, {
          ...this.#facts(event),
          status: nodeStatus(status),
          seconds,
          ...(message !== undefined && { message: this.#clean(message) }),
          ...(rowsAffected !== undefined && { rowsAffected }),
          ...(failures !== undefined && { failures }),
        });
      }
      case "log":
        if (event.level !== "debug" || event.uniqueId !== undefined)
          this.log.add(event.message, event.uniqueId);
        return null;
      case "notice":
        this.notice(event.message);
        return null;
      case "runLink":
        this.head.link = event.url;
        return null;
      case "steps":
        this.head.steps = event.steps;
        return null;
      case "fileLinted":
      case "projectChecked":
      case "fileGlanced":
      case "lintWave":
      case "progress":
      case "status":
        return null;
    }
  }

  notice(message: string): void {
    const notice = this.#clean(message);
    if (this.head.notices.includes(notice)) return;
    this.head.notices = [...this.head.notices, notice].slice(-maxNotices);
  }

  /** dbt ended; what its result says of a node counts more than its events did. The run ends with `finished`. */
  reconcile(result: DbtCompilationResult | null): void {
    for (const node of result ? nodeResults(result) : []) this.#reconcile(node);
    this.#settle(result === null ? "success" : "cancelled");
    // A name that is misspelt beside one that is not: dbt runs the rest, and only warns.
    if (result && this.#nodes.size > 0)
      for (const warning of warningsOf(result).filter(isUnmatched)) this.notice(warning.trim());
    this.#findCompiled();
    this.head.total = Math.max(this.head.total ?? 0, this.#nodes.size);
  }

  /** @param line from 1, in the node's file */
  place(uniqueId: string, line: number): void {
    if (this.#nodes.get(uniqueId)?.line !== line) this.#update(uniqueId, { line });
  }

  finished(result: DbtCompilationResult | null): void {
    if (result === null || result.success) {
      const nothing = this.#nodes.size === 0 && this.head.request.verb !== "deps" && result !== null;
      this.#end("success", nothing ? this.#clean(nothingRan(result)) : null);
    } else {
      const failed = whatFailed(this.nodes);
      this.#end("failed", failed ?? "dbt ended with an error after its nodes: the log says which.");
    }
  }

  /** dbt could not do it at all. */
  failed(message: string, remedy: Remedy | undefined): void {
    this.#settle("error");
    this.#findCompiled();
    if (remedy) this.head.remedy = remedy;
    this.#end("error", this.#clean(message));
  }

  cancelled(state: "cancelled" | "interrupted" = "cancelled"): void {
    this.#settle("cancelled");
    const doing = this.head.startedAt === null ? "waited" : "ran";
    this.#end(state, state === "cancelled" ? null : `The editor was closed while it ${doing}.`);
  }

  /** A run that was stored while it went on: its server is gone. */
  #interrupted(): void {
    if (hasEnded(this.head.state)) return;
    this.#settle("cancelled", null);
    this.cancelled("interrupted");
    this.head.endedAt = null;
  }

  #end(state: RunState, message: string | null): void {
    this.head.state = state;
    this.head.endedAt = Date.now();
    this.head.message = message;
    if (message !== null && state !== "success") this.log.add(message);
  }

  /**
   * What still runs has no end of its own.
   * @param at when it ended, in milliseconds since the epoch; null where nobody knows
   */
  #settle(status: NodeStatus, at: number | null = Date.now()): void {
    for (const node of this.#nodes.values()) {
      if (node.status !== "running" && node.status !== "queued") continue;
      const seconds = node.startedAt === null || at === null ? null : (at - node.startedAt) / 1000;
      this.#update(node.uniqueId, { status, seconds });
    }
  }

  #findCompiled(): void {
    for (const node of this.#nodes.values()) {
      if (node.compiledPath !== null || node.status === "skipped") continue;
      const compiledPath = sqlFileOf(node, "compiled", this.#folders);
      if (compiledPath !== null) this.#update(node.uniqueId, { compiledPath });
    }
  }

  #reconcile(result: NodeResult): void {
    const { unique_id, status, seconds, message, rows_affected, file, compiled_path } = result;
    const failures = result.failures ?? result.failing_rows;
    const startedAt = Date.parse(result.started_at ?? "");
    const filePath = file ? nodeFile(unique_id, file, this.#folders) : null;
    this.#update(unique_id, {
      status: nodeStatus(status),
      ...(result.name && { name: result.name }),
      ...(result.resource_type && { resourceType: result.resource_type }),
      ...(typeof seconds === "number" && { seconds }),
      ...(message && { message: this.#clean(message) }),
      ...(typeof failures === "number" && { failures }),
      ...(!Number.isNaN(startedAt) && { startedAt }),
      ...(typeof rows_affected === "number" && rows_affected >= 0 && { rowsAffected: rows_affected }),
      ...(filePath !== null && { filePath }),
      ...(compiled_path && { compiledPath: compiled_path }),
    });
  }

  #facts({ uniqueId, node }: { uniqueId: string; node?: NodeFacts }): Partial<RunNode> {
    if (!node) return {};
    const known = this.#nodes.get(uniqueId)?.filePath ?? null;
    const filePath = known ?? (node.path === undefined ? null : nodeFile(uniqueId, node.path, this.#folders));
    return { name: node.name, resourceType: node.resourceType, filePath };
  }

  #update(uniqueId: string, change: Partial<RunNode>): RunNode {
    const node = { ...(this.#nodes.get(uniqueId) ?? newNode(uniqueId)), ...change };
    // dbt counts no rows of it: 1 says that something differs.
    if (node.resourceType === "unit_test") node.failures = null;
    this.#nodes.set(uniqueId, node);
    this.#changed.add(uniqueId);
    return node;
  }
}

/** `test.shop.unique_a_id.5ad5f8` is the test "unique_a_id", `unit_test.shop.orders.sums` the unit test "sums". */
function newNode(uniqueId: string): RunNode {
  const [resourceType = "", , first = uniqueId, ...rest] = uniqueId.split(".");
  const name = resourceType === "unit_test" && rest.length > 0 ? rest.join(".") : first;
  return {
    uniqueId,
    name,
    resourceType,
    status: "queued",
    startedAt: null,
    seconds: null,
    message: null,
    rowsAffected: null,
    failures: null,
    filePath: null,
    line: null,
    compiledPath: null,
  };
}

const isUnmatched = (warning: string): boolean => /does not match any/i.test(warning);

function nothingRan(result: DbtCompilationResult): string {
  const reason = warningsOf(result).find((warning) => /does not match|nothing to do/i.test(warning));
  return reason === undefined
    ? "The selection matches nothing: nothing was done."
    : withoutControls(reason).trim();
}
