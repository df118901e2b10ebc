import { isDeepStrictEqual } from "node:util";
import { nodeStatus } from "../../protocol/run.ts";
import type { Log } from "../platform/log.ts";
import type { DbtPlugin, NodeState, ProjectRef } from "../plugins/dbtPlugin.ts";
import { DbtCancelledError, DbtError } from "../plugins/errors.ts";
import { ArtifactReadError, readArtifact } from "./artifactReader.ts";
import { fileSignature } from "./fileSignature.ts";
import type { RunFacts } from "./runResults.ts";

export interface NodeRunsDeps {
  /** Script of the thread that reads artifacts. */
  readerThread: string;
  log: Log;
  signal: AbortSignal;
  /** A node's last run, or the trouble, is another one. */
  changed: () => void;
}

/** How each node did last: here, by run_results.json, and in the environment that runs elsewhere. */
export class NodeRuns {
  readonly #deps: NodeRunsDeps;
  readonly #here = new Map<string, RunFacts>();
  #there: ReadonlyMap<string, RunFacts> = new Map();
  /** Signature of the file that was read last. */
  #fileRead: string | null = null;
  #trouble: string | null = null;

  constructor(deps: NodeRunsDeps) {
    this.#deps = deps;
  }

  /** Why it is not known how nodes did in the environment. */
  get trouble(): string | null {
    return this.#trouble;
  }

  /** Here or in the environment, whichever was later. */
  last(id: string): RunFacts | null {
    const [here, there] = [this.#here.get(id), this.#there.get(id)];
    if (!here || !there) return here ?? there ?? null;
    return (there.at ?? 0) > (here.at ?? 0) ? there : here;
  }

  /** Takes in a run_results.json, where it is another one than was read. Nodes it does not name stay as they were. */
  async read(file: string): Promise<void> {
    const signature = await fileSignature(file);
    if (signature === null || signature === this.#fileRead) return;
    const { readerThread: thread, signal, log, changed } = this.#deps;
    try {
      await readArtifact("runResults", file, {
        thread,
        signal,
        onParts: (results) => {
          for (const result of results) this.#here.set(result.id, result);
        },
      });
      this.#fileRead = signature;
      changed();
    } catch (error) {
      if (!(error instanceof ArtifactReadError)) throw error;
      // Half written: dbt replaces it, which is noticed. One that stays so tells nothing of the last run.
      if (error.reason !== "cutOff") this.#fileRead = signature;
      log.info(`${file}: ${error.message}`);
    }
  }

  /** Asks the runtime how nodes did in its environment, where it can say so. */
  async ask(plugin: DbtPlugin, project: ProjectRef): Promise<void> {
    const { signal, log, changed } = this.#deps;
    const before = this.#trouble;
    try {
      if (!plugin.capabilities.has("nodeStates") || !plugin.nodeStates) return;
      const states = await plugin.nodeStates(project, { signal });
      this.#trouble = null;
      const runs = new Map(states.map((state) => [state.uniqueId, runThere(state)]));
      const isNews = !isDeepStrictEqual(runs, this.#there);
      this.#there = runs;
      if (isNews || before !== null) changed();
    } catch (error) {
      if (error instanceof DbtCancelledError) return;
      if (!(error instanceof DbtError)) throw error;
      this.#trouble = `How nodes did in the environment is not known: ${error.message}`;
      if (this.#trouble === before) return;
      log.info(`Nodes of ${project.projectDir}: ${error.message}`);
      changed();
    }
  }
}

const runThere = ({ uniqueId, status, seconds, message, at }: NodeState): RunFacts => ({
  id: uniqueId,
  status: nodeStatus(status),
  seconds,
  message,
  at,
  inEnvironment: true,
});
