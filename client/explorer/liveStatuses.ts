import * as vscode from "vscode";
import type { RunChange } from "../../protocol/requests.ts";
import type { NodeStatus, RunState } from "../../protocol/run.ts";

/** What the runs that go on have made of their nodes so far. */
export class LiveStatuses implements vscode.Disposable {
  readonly #changed = new vscode.EventEmitter<ReadonlySet<string>>();
  readonly #listening: vscode.Disposable;
  /** By project, then by unique id. */
  readonly #statuses = new Map<string, Map<string, NodeStatus>>();
  readonly #running = new Set<string>();

  /** Fires with the unique ids whose status is another one. */
  readonly onDidChange = this.#changed.event;

  constructor(onRun: vscode.Event<RunChange>) {
    this.#listening = onRun(({ run, nodes }) => {
      const { projectDir } = run.request;
      if (goesOn(run.state)) this.#running.add(projectDir);
      else this.#running.delete(projectDir);
      const statuses = this.#statuses.get(projectDir) ?? new Map<string, NodeStatus>();
      this.#statuses.set(projectDir, statuses);
      const changed = nodes.filter(({ uniqueId, status }) => statuses.get(uniqueId) !== status);
      for (const { uniqueId, status } of changed) statuses.set(uniqueId, status);
      if (changed.length > 0) this.#changed.fire(new Set(changed.map(({ uniqueId }) => uniqueId)));
    });
  }

  of(projectDir: string, uniqueId: string): NodeStatus | undefined {
    return this.#statuses.get(projectDir)?.get(uniqueId);
  }

  /** The server knows the artifacts of a project anew: where no run goes on, they say all that was heard here. */
  settle(projectDir: string): void {
    if (!this.#running.has(projectDir)) this.#statuses.delete(projectDir);
  }

  dispose(): void {
    this.#listening.dispose();
    this.#changed.dispose();
  }
}

const goesOn = (state: RunState): boolean => state === "running";
