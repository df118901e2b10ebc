import type { Clock } from "../../platform/clock.ts";
import type { NodeState } from "../dbtPlugin.ts";
import { DbtAuthenticationError, DbtCancelledError } from "../errors.ts";
import { discoveryUrls } from "./cloudAddress.ts";
import type { CloudCall } from "./cloudClient.ts";
import type { CloudSession } from "./cloudOperations.ts";
import { checkDiscovery, discoverStates, type DiscoveryPlaces } from "./discovery.ts";

/** Seconds a page of states is good for: whatever the size of a project, it makes a request a minute at most. */
const secondsPerPage = 60;

interface Known {
  until: number;
  states: Promise<NodeState[]>;
}

/** How the nodes of each project's environment did last: as the Discovery API has it, and as runs of ours ended since. */
export class NodeStates {
  readonly #clock: Clock;
  readonly #clean: (text: string) => string;
  readonly #known = new Map<string, Known>();
  readonly #own = new Map<string, Map<string, NodeState>>();
  readonly #found = new Map<string, string>();

  /** @param clean takes secrets out of a message of dbt's */
  constructor(clock: Clock, clean: (text: string) => string) {
    this.#clock = clock;
    this.#clean = clean;
  }

  /** @throws DbtError, the same one for a while: what is not permitted is not asked for at each look */
  async of(session: CloudSession, environmentId: string, call: CloudCall): Promise<NodeState[]> {
    const { projectDir } = session.project;
    let known = this.#known.get(projectDir);
    if (!known || this.#clock.now() >= known.until) {
      known = { until: Infinity, states: this.#discover(session, environmentId, call) };
      this.#known.set(projectDir, known);
      known.states.catch((error: unknown) => this.#failed(projectDir, error));
    }
    const states = new Map((await known.states).map((state) => [state.uniqueId, state]));
    for (const [id, state] of this.#own.get(projectDir) ?? []) {
      if ((state.at ?? 0) >= (states.get(id)?.at ?? 0)) states.set(id, state);
    }
    return [...states.values()];
  }

  /** A run of ours ended: the Discovery API will know of it in a while. */
  ran(projectDir: string, states: readonly NodeState[]): void {
    const own = this.#own.get(projectDir) ?? new Map<string, NodeState>();
    this.#own.set(projectDir, own);
    for (const state of states) own.set(state.uniqueId, state);
  }

  /** The token is another one, or the project is looked at afresh. */
  forget(projectDir: string): void {
    this.#known.delete(projectDir);
  }

  /** What the token may not read, in a sentence; null where nothing is missing, or it cannot be told. */
  async missing(session: CloudSession, call: CloudCall): Promise<string | null> {
    const environmentId = session.settings.config?.environmentId;
    if (environmentId == null) return null;
    try {
      await checkDiscovery(session.client, environmentId, this.#places(session), call);
      return null;
    } catch (error) {
      if (!(error instanceof DbtAuthenticationError)) return null;
      return `${error.message} How nodes did there is not shown.`;
    }
  }

  async #discover(session: CloudSession, environmentId: string, call: CloudCall): Promise<NodeState[]> {
    const { client, project } = session;
    const places = this.#places(session);
    const { states, pages } = await discoverStates(client, environmentId, places, this.#clean, call);
    this.#keepFor(project.projectDir, pages * secondsPerPage);
    return states;
  }

  #places({ client, settings }: CloudSession): DiscoveryPlaces {
    return {
      urls: discoveryUrls(client.address, settings.config?.discoveryUrl ?? null),
      found: this.#found,
    };
  }

  #failed(projectDir: string, error: unknown): void {
    if (error instanceof DbtCancelledError) this.forget(projectDir);
    else this.#keepFor(projectDir, secondsPerPage);
  }

  #keepFor(projectDir: string, seconds: number): void {
    const known = this.#known.get(projectDir);
    if (known) known.until = this.#clock.now() + seconds * 1000;
  }
}
