import { createReadStream } from "node:fs";
import { mkdtemp, readdir, rm, stat } from "node:fs/promises";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import type { Clock } from "../../../server/platform/clock.ts";
import { systemClock } from "../../../server/platform/clock.ts";
import { envelope, jobBody, listEnvelope, runBody } from "./answers.ts";
import { answerDiscovery } from "./discovery.ts";
import { openApi, type OpenApi } from "./conformance.ts";
import {
  emulatedAccount,
  emulatedEnvironment,
  emulatedJobs,
  emulatedProject,
  emulatedToken,
} from "./emulated.ts";
import {
  carryOutRun,
  moveOn,
  planSteps,
  type Behaviour,
  type EmulatedJob,
  type EmulatedRun,
  type TriggerRequest,
} from "./emulatedRun.ts";
import { answerFaulty, errorBody, type Fault, Faults, isCarriedOut } from "./faults.ts";
import type { StepEngine } from "./stepEngine.ts";

export * from "./emulated.ts";

/** What one request asked for. The token is not kept. */
export interface LoggedRequest {
  method: string;
  path: string;
  query: Record<string, string>;
  userAgent: string;
  body: unknown;
  /** By the emulator's clock. */
  at: number;
}

export interface TokenRights {
  accountId: number;
  may: "everything" | "read" | "metadata";
  /** It has no permission for the Discovery API. */
  noDiscovery?: boolean;
  expired?: boolean;
}

export interface EmulatorOptions {
  clock?: Clock;
  /** Carries out the steps; without one runs only pretend, and move on whenever they are looked at. */
  engine?: StepEngine;
  /** Git repository whose commits the jobs run. */
  repository?: string;
  /** Folder of the dbt project in it. */
  subdirectory?: string;
  /** Requests a minute, beyond which five minutes of 429 follow. */
  requestsPerMinute?: number;
  retryAfter?: string | null;
}

/**
 * dbt Cloud on 127.0.0.1: its Admin API as far as the product uses it, with real dbt behind it where an engine is given, and
 * every fault on demand. Requests and answers are held against the OpenAPI documents, where those are at hand.
 */
export class CloudEmulator implements AsyncDisposable {
  readonly requests: LoggedRequest[] = [];
  readonly runs: EmulatedRun[] = [];
  readonly tokens = new Map<string, TokenRights>([
    [emulatedToken, { accountId: emulatedAccount, may: "everything" }],
  ]);
  readonly jobs: EmulatedJob[] = [
    {
      id: emulatedJobs.nightly,
      name: "Nightly",
      projectId: emulatedProject,
      environmentId: emulatedEnvironment,
      steps: ["dbt build"],
      generateDocs: false,
    },
    {
      id: emulatedJobs.docs,
      name: "Docs",
      projectId: emulatedProject,
      environmentId: emulatedEnvironment,
      steps: ["dbt run"],
      generateDocs: true,
    },
  ];
  readonly faults = new Faults();
  /** Where a request or an answer is not what the documents say. */
  readonly violations: string[] = [];
  repository: string | undefined;
  /** How the runs to come go; the last one is for all that follow. */
  behaviours: Behaviour[] = [];
  url = "";
  readonly #options: EmulatorOptions;
  readonly #clock: Clock;
  readonly #server = createServer((request, response) => void this.#serve(request, response));
  readonly #dir: string;
  readonly #api: OpenApi | null;
  readonly #queues = new Map<number, Promise<void>>();
  #nextRun = 70403105000001;
  #window = { from: 0, count: 0 };
  #coolUntil = 0;

  private constructor(options: EmulatorOptions, dir: string, api: OpenApi | null) {
    this.#options = options;
    this.#clock = options.clock ?? systemClock;
    this.#dir = dir;
    this.#api = api;
    this.repository = options.repository;
  }

  static async start(options: EmulatorOptions = {}): Promise<CloudEmulator> {
    const dir = await mkdtemp(path.join(tmpdir(), "floe-dbt-cloud-"));
    const emulator = new CloudEmulator(options, dir, openApi());
    await new Promise<void>((resolve) => emulator.#server.listen(0, "127.0.0.1", resolve));
    emulator.url = `http://127.0.0.1:${(emulator.#server.address() as AddressInfo).port}`;
    return emulator;
  }

  fault(fault: Fault): void {
    this.faults.plan(fault);
  }

  /** How many requests there were of that kind: "POST .*\/run\/". */
  count(pattern: RegExp): number {
    return this.requests.filter(({ method, path: at }) => pattern.test(`${method} ${at}`)).length;
  }

  get triggers(): TriggerRequest[] {
    return this.requests
      .filter(({ method, path: at }) => method === "POST" && /\/jobs\/\d+\/run\/$/.test(at))
      .map(({ body }) => body as TriggerRequest);
  }

  /** As if it had been triggered in dbt Cloud itself. */
  startRun(jobId: number, request: TriggerRequest): EmulatedRun {
    const job = this.jobs.find(({ id }) => id === jobId)!;
    const id = this.#nextRun;
    this.#nextRun += 10;
    const [behaviour = {}] = this.behaviours;
    if (this.behaviours.length > 1) this.behaviours.shift();
    const run: EmulatedRun = {
      id,
      job,
      request,
      status: 1,
      createdAt: this.#clock.now(),
      startedAt: null,
      finishedAt: null,
      gitSha: null,
      steps: [],
      looks: 0,
      behaviour,
      dir: path.join(this.#dir, String(id)),
      abort: new AbortController(),
    };
    planSteps(run);
    this.runs.push(run);
    const { engine } = this.#options;
    const { repository } = this;
    if (engine && repository !== undefined) {
      // The runs of one job wait for one another.
      const before = this.#queues.get(jobId) ?? Promise.resolve();
      const { subdirectory } = this.#options;
      const carriedOut = before.then(() =>
        run.status >= 10
          ? undefined
          : carryOutRun(run, {
              engine,
              repository,
              warehouse: path.join(repository, "..", "warehouse.duckdb"),
              now: () => this.#clock.now(),
              ...(subdirectory !== undefined && { subdirectory }),
            }),
      );
      this.#queues.set(jobId, carriedOut);
    }
    return run;
  }

  /** Resolves when no run is carried out any more. */
  async settled(): Promise<void> {
    await Promise.all(this.#queues.values());
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const run of this.runs) run.abort.abort();
    await this.settled();
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
    await rm(this.#dir, { recursive: true, force: true, maxRetries: 5 });
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? "/", this.url);
    const text = await bodyOf(request);
    const body: unknown = text === "" ? undefined : JSON.parse(text);
    const query = Object.fromEntries(url.searchParams);
    const method = request.method ?? "GET";
    this.requests.push({
      method,
      path: url.pathname,
      query,
      userAgent: request.headers["user-agent"] ?? "",
      body,
      at: this.#clock.now(),
    });
    const name = `${method} ${url.pathname}`;
    if (url.pathname !== "/graphql") this.#hold(this.#api?.request(method, url, body));
    const fault = this.faults.take(name);
    const limited = this.#limited();
    try {
      if (limited) {
        response.writeHead(429, { "content-type": "application/json", ...limited });
        response.end(errorBody(429, "Too many requests."));
        return;
      }
      if (fault && !isCarriedOut(fault)) {
        answerFaulty(response, fault, "");
        return;
      }
      const answer = await this.#route(
        method,
        url.pathname,
        query,
        body,
        request.headers.authorization ?? "",
      );
      if (fault) {
        answerFaulty(response, fault, answer.file === undefined ? answer.body : "{}");
        return;
      }
      if (answer.status === 200 && answer.file === undefined && url.pathname !== "/graphql") {
        this.#hold(this.#api?.answer(method, url, JSON.parse(answer.body)));
      }
      response.writeHead(answer.status, {
        "content-type": "application/json",
        ...(answer.file !== undefined && { "content-length": String((await stat(answer.file)).size) }),
      });
      if (answer.file === undefined) response.end(answer.body);
      else createReadStream(answer.file).pipe(response);
    } catch (error) {
      this.violations.push(`${name}: ${String(error)}`);
      response.socket?.destroy();
    }
  }

  #hold(violation: string | null | undefined): void {
    if (violation) this.violations.push(violation);
  }

  #limited(): Record<string, string> | null {
    const { requestsPerMinute, retryAfter = null } = this.#options;
    if (requestsPerMinute === undefined) return null;
    const now = this.#clock.now();
    if (now - this.#window.from > 60_000) this.#window = { from: now, count: 0 };
    this.#window.count += 1;
    if (this.#window.count > requestsPerMinute && now >= this.#coolUntil) this.#coolUntil = now + 300_000;
    return now < this.#coolUntil ? (retryAfter === null ? {} : { "retry-after": retryAfter }) : null;
  }

  async #route(
    method: string,
    at: string,
    query: Record<string, string>,
    body: unknown,
    authorization: string,
  ): Promise<{ status: number; body: string; file?: string }> {
    const refuse = (status: number, says: string) => ({ status, body: errorBody(status, says) });
    const good = (data: unknown) => ({ status: 200, body: envelope(data) });
    const rights = this.tokens.get(/^(?:Bearer|Token) (.+)$/.exec(authorization)?.[1] ?? "");
    if (!rights || rights.expired) return refuse(401, "Invalid token.");
    if (method === "POST" && at === "/graphql") {
      if (rights.noDiscovery) return { status: 403, body: "Forbidden" };
      const answer = await answerDiscovery(body as object, this.runs);
      this.#hold(answer.violation && `${answer.violation} (Discovery API)`);
      return { status: 200, body: answer.body };
    }
    const [, version, account, rest = ""] = /^\/api\/(v[23])\/accounts\/(\d+)\/(.*)$/.exec(at) ?? [];
    if (version === undefined) return refuse(404, "Not found.");
    if (Number(account) !== rights.accountId) {
      return refuse(403, "Access denied: Token is not scoped to account.");
    }
    if (rights.may === "metadata" || (rights.may === "read" && method !== "GET")) {
      return refuse(403, "You do not have permission to perform this action.");
    }
    const is = (pattern: RegExp): RegExpExecArray | null => pattern.exec(`${method} ${version}:${rest}`);
    let match: RegExpExecArray | null;

    if (is(/^GET v2:$/)) {
      return good({ id: emulatedAccount, name: "Ice Coffee", plan: "enterprise", state: 1 });
    }
    if (is(/^GET v2:jobs\/$/)) {
      const jobs = this.jobs.filter((job) =>
        matches(query, { project_id: job.projectId, environment_id: job.environmentId }),
      );
      return this.#page(
        jobs.map((job) => jobBody(job, emulatedAccount)),
        query,
      );
    }
    if ((match = is(/^GET v2:jobs\/(\d+)\/$/))) {
      const job = this.jobs.find(({ id }) => id === Number(match?.[1]));
      return job
        ? good(jobBody(job, emulatedAccount))
        : refuse(404, "No job of this number, or no permission.");
    }
    if ((match = is(/^POST v2:jobs\/(\d+)\/run\/$/))) {
      const id = Number(match[1]);
      if (!this.jobs.some((job) => job.id === id)) return refuse(404, "Not found.");
      const run = this.startRun(id, body as TriggerRequest);
      return good(runBody(run, emulatedAccount, ["trigger"]));
    }
    const related = relatedOf(query);
    if (is(/^GET v2:runs\/$/)) {
      const runs = this.runs
        .filter((run) =>
          matches(query, {
            job_definition_id: run.job.id,
            environment_id: run.job.environmentId,
            project_id: run.job.projectId,
            status: run.status,
          }),
        )
        .toSorted((a, b) =>
          query["order_by"] === "-finished_at" ? (b.finishedAt ?? 0) - (a.finishedAt ?? 0) : a.id - b.id,
        );
      if (query["order_by"] === "-id") runs.reverse();
      return this.#page(
        runs.map((run) => runBody(run, emulatedAccount, related)),
        query,
      );
    }
    if (is(/^GET v3:projects\/$/)) {
      return this.#page(
        [{ id: emulatedProject, account_id: emulatedAccount, name: "Huts", state: 1 }],
        query,
      );
    }
    if (is(/^GET v3:projects\/\d+\/environments\/$/)) {
      return this.#page([environmentBody], query);
    }
    if ((match = is(/^GET v3:projects\/\d+\/environments\/(\d+)\/$/))) {
      return Number(match[1]) === emulatedEnvironment ? good(environmentBody) : refuse(404, "Not found.");
    }
    const run = this.runs.find(({ id }) => id === Number(/^runs\/(\d+)\//.exec(rest)?.[1]));
    if (!run) return refuse(404, "Not found.");
    const gone = refuse(404, "Not found.");
    if (is(/^GET v2:runs\/\d+\/$/)) {
      run.looks += 1;
      const { hiddenLooks = 0, vanishesAfter = Infinity } = run.behaviour;
      if (run.looks <= hiddenLooks || run.looks > vanishesAfter) return gone;
      if (!this.#options.engine) moveOn(run, this.#clock.now());
      return good(runBody(run, emulatedAccount, related));
    }
    if (is(/^POST v2:runs\/\d+\/cancel\/$/)) {
      if (!run.behaviour.ignoresCancel && ![10, 20, 30].includes(run.status)) {
        run.abort.abort();
        if (!this.#options.engine || run.status === 1) run.status = 30;
      }
      return good(runBody(run, emulatedAccount, []));
    }
    if (is(/^POST v2:runs\/\d+\/retry\/$/)) {
      if (run.status !== 20) return refuse(400, "Only the latest failed run of a job can be retried.");
      return good(runBody(this.startRun(run.job.id, run.request), emulatedAccount, []));
    }
    if (is(/^GET v2:runs\/\d+\/artifacts\/$/)) {
      const step = run.steps.findLast(({ status }) => status >= 10 && status < 30);
      const names = step ? await readdir(step.targetDir, { recursive: true }).catch(() => null) : null;
      return good(names);
    }
    if ((match = is(/^GET v2:runs\/\d+\/artifacts\/(.+)$/))) {
      const file = await this.#artifact(run, decodeURIComponent(match[1] ?? ""), query["step"]);
      return file === null
        ? refuse(404, "The requested artifact was not found.")
        : { status: 200, body: "", file };
    }
    return gone;
  }

  async #artifact(run: EmulatedRun, name: string, wanted: string | undefined): Promise<string | null> {
    const steps = run.steps.filter(({ status }) => status >= 10);
    const step = wanted === undefined ? steps.at(-1) : steps.find(({ index }) => index === Number(wanted));
    if (!step) return null;
    const file = path.join(step.targetDir, name);
    if (!file.startsWith(step.targetDir + path.sep)) return null;
    return stat(file).then(
      (found) => (found.isFile() ? file : null),
      () => null,
    );
  }

  #page(rows: readonly unknown[], query: Record<string, string>): { status: number; body: string } {
    const limit = Math.min(100, Number(query["limit"] ?? 100));
    const offset = Number(query["offset"] ?? 0);
    const body = listEnvelope(
      rows.slice(offset, offset + limit),
      rows.length,
      limit,
      offset,
      query["order_by"] ?? "id",
    );
    return { status: 200, body };
  }
}

const environmentBody = {
  id: emulatedEnvironment,
  account_id: emulatedAccount,
  project_id: emulatedProject,
  name: "Production",
  type: "deployment",
  deployment_type: "production",
  dbt_version: "latest",
  use_custom_branch: false,
  custom_branch: null,
  supports_docs: true,
  state: 1,
};

const matches = (query: Record<string, string>, facts: Record<string, number>): boolean =>
  Object.entries(facts).every(([name, value]) => query[name] === undefined || query[name] === String(value));

/** Clients send `["run_steps"]`, `run_steps,trigger` and `[run_steps]`: all are understood. */
const relatedOf = (query: Record<string, string>): string[] =>
  (query["include_related"] ?? "").split(/[^\w]+/).filter(Boolean);

async function bodyOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString("utf8");
}
