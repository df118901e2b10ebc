import { nodeStatus, type RunNode } from "../../protocol/run.ts";
import type { RedactingLog } from "../platform/log.ts";
import type { Call, DbtEvent } from "../plugins/dbtPlugin.ts";
import { DbtCancelledError, DbtError } from "../plugins/errors.ts";
import { invoke } from "./invoke.ts";
import type { KnownRun } from "./knownRun.ts";
import { NodePlaces } from "./nodePlace.ts";
import type { RunDiagnostics } from "./runDiagnostics.ts";

export interface CarryOutDeps {
  log: RedactingLog;
  diagnostics: RunDiagnostics;
  /** The editor is closing, and with it what runs. */
  isClosing: () => boolean;
}

/**
 * Has the project's plugin do what a run asks for, keeps its record, and shows what failed at the lines that failed. Never
 * rejects: what happened is in the record.
 */
export async function carryOutRun(
  run: KnownRun,
  { log, diagnostics, isClosing }: CarryOutDeps,
): Promise<void> {
  const { record, abort } = run;
  const { ref, config } = run.project;
  const places = new NodePlaces(config);
  record.started();
  run.tell();
  run.save();
  const placing = [diagnostics.forgetChanged(ref.projectDir)];
  const call: Call = {
    signal: abort.signal,
    onEvent: (event) => {
      const ended = record.event(abort.signal.aborted ? asCancelled(event) : event);
      // Without words it cannot be said where: the result has them.
      if (ended?.message && isProblem(ended)) placing.push(place([ended]));
      run.tell();
    },
  };
  try {
    const plugin = run.project.plugin();
    const result =
      run.resumes !== null && plugin.resumeRun
        ? await plugin.resumeRun(ref, run.resumes, call)
        : await invoke(record.head.request, plugin, ref, call);
    record.reconcile(result);
    await Promise.all(placing);
    await place([...record.nodes, wholeProject(ref.projectDir, null)]);
    record.finished(result);
  } catch (error) {
    if (abort.signal.aborted || error instanceof DbtCancelledError) cancelled(error);
    else await failed(error);
  }

  /** Finds the lines that failed nodes are about, and shows them there. */
  async function place(nodes: readonly RunNode[]): Promise<void> {
    try {
      const placed: RunNode[] = [];
      for (const node of nodes) {
        const line = isProblem(node) && node.line === null ? await places.lineOf(node) : null;
        if (line !== null) record.place(node.uniqueId, line + 1);
        placed.push(line === null ? node : { ...node, line: line + 1 });
      }
      await diagnostics.take(record.head, placed);
    } catch (error) {
      // Where a message belongs is worth less than the run.
      log.warn(`What ${record.head.command} found is not shown at its lines: ${String(error)}`);
    }
  }

  function cancelled(error: unknown): void {
    record.cancelled(isClosing() ? "interrupted" : "cancelled");
    // What became of it elsewhere is worth a word.
    if (!isClosing() && record.head.link !== null && error instanceof DbtError) {
      record.head.message = error.message;
    }
  }

  async function failed(error: unknown): Promise<void> {
    if (error instanceof DbtError) {
      log.warn(`${record.head.command}: ${error.message}`);
      record.failed(error.message, error.remedy);
      await place([wholeProject(ref.projectDir, error)]);
      return;
    }
    const words = error instanceof Error ? (error.stack ?? error.message) : String(error);
    log.error(`${record.head.command} failed: ${words}`);
    record.failed("It did not work because of a mistake in Floe dbt itself. The log says more.", undefined);
  }
}

/** A warehouse that was told to stop says so with an error, which is no mistake of the node. */
function asCancelled(event: DbtEvent): DbtEvent {
  const failed = event.type === "nodeFinished" && nodeStatus(event.status) === "error";
  return failed ? { ...event, status: "cancelled" } : event;
}

const isProblem = ({ status }: RunNode): boolean =>
  status === "error" || status === "fail" || status === "warn";

/** What keeps dbt from running anything, as a node of its own: it is shown where dbt says, until dbt gets past it. */
function wholeProject(projectDir: string, error: DbtError | null): RunNode {
  return {
    uniqueId: `project.${projectDir}`,
    name: "project",
    resourceType: "project",
    status: error === null ? "success" : "error",
    startedAt: null,
    seconds: null,
    message: error?.message ?? null,
    rowsAffected: null,
    failures: null,
    filePath: error?.filePath ?? null,
    line: error?.line ?? (error === null ? null : 1),
    compiledPath: null,
  };
}
