import * as z from "zod";
import { parseJson } from "../../../protocol/json.ts";
import type { Clock } from "../../platform/clock.ts";
import { HttpFailure, type Http, type HttpAnswer } from "../../platform/http.ts";
import type { RedactingLog } from "../../platform/log.ts";
import { DbtAuthenticationError, DbtCancelledError, DbtUnavailableError } from "../errors.ts";
import type { CloudAddress } from "./cloudAddress.ts";
import {
  CloudNotFoundError,
  CloudUncertainError,
  discoveryError,
  finalError,
  finalFailure,
  notTheApi,
  signInRemedy,
} from "./cloudErrors.ts";
import type { CoolDowns } from "./coolDown.ts";

/** How one call is made. */
export interface CloudCall {
  signal?: AbortSignal | undefined;
  /** Told whenever something takes longer than it should, and why. */
  onNotice?: ((message: string) => void) | undefined;
  /** A person looks on: a few attempts, and no waiting for a cool-down. */
  hurried?: boolean;
}

export interface CloudClientDeps {
  http: Http;
  clock: Clock;
  log: RedactingLog;
  coolDowns: CoolDowns;
  address: CloudAddress;
  /** Asked for every request: it may be another one meanwhile. */
  token: () => string | null;
  /** The variable of the environment that may hold it. */
  tokenVariable: string | null;
  /** Seconds one request may take, with its body; a file more. */
  requestSeconds?: number;
  downloadSeconds?: number;
}

type Query = Record<string, string | number | undefined>;

/**
 * One account of dbt Cloud, as requests and answers. A GET is asked again where that may help: bounded, with growing, jittered
 * pauses, each of them said. A POST is only repeated where dbt Cloud certainly has not seen it; where that is not known it
 * ends in CloudUncertainError. Too many requests stop every client of the account for as long as dbt Cloud asks.
 */
export class CloudClient {
  readonly address: CloudAddress;
  readonly #deps: CloudClientDeps;
  /** It has answered as the API does: a web page instead is trouble of theirs, not a wrong address. */
  #known = false;

  constructor(deps: CloudClientDeps) {
    this.#deps = deps;
    this.address = deps.address;
  }

  get clock(): Clock {
    return this.#deps.clock;
  }

  /** @param path below the account: "v2:runs/17/". @throws DbtError; CloudNotFoundError for 404 */
  get<Schema extends z.ZodType>(
    schema: Schema,
    path: string,
    query: Query,
    call: CloudCall,
  ): Promise<Envelope<z.output<Schema>>> {
    return this.#again(call, async () => {
      const answer = await this.#deps.http.text(this.#request("GET", this.#url(path, query), call));
      return this.#envelope(schema, answer);
    });
  }

  /**
   * One attempt, unless dbt Cloud certainly has not seen it. Once sent, the caller's signal lets it go only after a few seconds:
   * an answer tells what a broken connection does not.
   * @throws DbtError; CloudUncertainError where it may have acted
   */
  async post<Schema extends z.ZodType>(
    schema: Schema,
    path: string,
    body: unknown,
    call: CloudCall,
  ): Promise<z.output<Schema>> {
    const attempt = async (): Promise<Envelope<z.output<Schema>>> => {
      if (call.signal?.aborted) throw new DbtCancelledError("Cancelled.");
      using late = lateSignal(call.signal);
      const request = {
        ...this.#request("POST", this.#url(path, {}), { ...call, signal: late.signal }),
        ...(body !== undefined && { body: JSON.stringify(body) }),
      };
      try {
        return this.#envelope(schema, await this.#deps.http.text(request));
      } catch (error) {
        const isUncertain =
          (error instanceof Passing && error.mayHaveArrived) ||
          (error instanceof HttpFailure &&
            error.mayHaveArrived &&
            (error.reason === "aborted" || !finalFailure(error, this.address.host)));
        if (!isUncertain) throw error;
        throw new CloudUncertainError(`dbt Cloud (${this.address.host}): ${error.message}.`, {
          cause: error,
        });
      }
    };
    return (await this.#again(call, attempt)).data;
  }

  /** Streams a file. @returns its bytes; null where there is none. @throws DbtError */
  async download(path: string, query: Query, filePath: string, call: CloudCall): Promise<number | null> {
    try {
      return await this.#again(call, async () => {
        const request = this.#request("GET", this.#url(path, query), call);
        const answer = await this.#deps.http.download(
          {
            ...request,
            headers: { ...request.headers, accept: "*/*" },
            deadlineSeconds: this.#deps.downloadSeconds ?? 900,
          },
          filePath,
        );
        if (answer.status >= 300) this.#refuse(answer);
        if (isHtml(answer)) throw this.#wrongAnswer("a web page");
        return answer.bytes;
      });
    } catch (error) {
      if (error instanceof CloudNotFoundError) return null;
      throw error;
    }
  }

  /**
   * A GraphQL query, at an address and with a limit of its own. Read-only, so it is asked again like a GET.
   * @throws DbtError; CloudNotFoundError where that address has no Discovery API
   */
  query<Schema extends z.ZodType>(
    schema: Schema,
    url: URL,
    query: string,
    variables: Record<string, unknown>,
    call: CloudCall,
  ): Promise<z.output<Schema>> {
    const limit = `${this.#account} ${url.host} discovery`;
    const attempt = async (): Promise<z.output<Schema>> => {
      const request = this.#request("POST", url, call);
      const answer = await this.#deps.http.text({ ...request, body: JSON.stringify({ query, variables }) });
      if (answer.status >= 300) this.#refuse(answer, limit);
      if (isHtml(answer)) throw notTheApi(url.host);
      const body = graphqlSchema.safeParse(parseJson(answer.text));
      if (!body.success) throw this.#wrongAnswer("an answer that is cut off or empty");
      // Errors come with status 200, and may come with half of the data.
      const [error] = body.data.errors ?? [];
      if (error) {
        const final = discoveryError(error, this.#said(error.message), url.host);
        if (final) throw final;
        throw new Passing(`its Discovery API says: ${this.#said(error.message)}`, false);
      }
      const data = schema.safeParse(body.data.data);
      if (!data.success) throw this.#wrongAnswer("an answer of another shape than its documents say");
      return data.data;
    };
    return this.#again(call, attempt, limit);
  }

  #url(path: string, query: Query): URL {
    const [version, rest] = path.split(":", 2) as [string, string];
    const url = new URL(`/api/${version}/accounts/${this.address.accountId}/${rest}`, this.address.origin);
    for (const [name, value] of Object.entries(query)) {
      if (value !== undefined) url.searchParams.set(name, String(value));
    }
    return url;
  }

  #request(method: "GET" | "POST", url: URL, call: CloudCall) {
    const token = this.#deps.token();
    if (token === null) {
      const { tokenVariable } = this.#deps;
      const inTerminal = tokenVariable === null ? "" : ` In a terminal, ${tokenVariable} holds the token.`;
      throw new DbtAuthenticationError(
        `You are not signed in to dbt Cloud (${this.address.host}).${inTerminal}`,
        { remedy: signInRemedy },
      );
    }
    this.#deps.log.hide(token);
    // What HTTP would say of it has the token in it.
    if (!/^[\x21-\x7e]+$/.test(token)) {
      throw new DbtAuthenticationError(
        "What is taken for the token has characters that no token of dbt Cloud has: copy it again.",
        { remedy: signInRemedy },
      );
    }
    return {
      method,
      url,
      headers: {
        accept: "application/json",
        authorization: `Bearer ${token}`,
        ...(method === "POST" && { "content-type": "application/json" }),
      },
      deadlineSeconds: this.#deps.requestSeconds ?? 30,
      signal: call.signal,
    };
  }

  #envelope<Schema extends z.ZodType>(schema: Schema, answer: HttpAnswer): Envelope<z.output<Schema>> {
    if (answer.status >= 300) this.#refuse(answer);
    if (isHtml(answer)) {
      if (!this.#known) throw notTheApi(this.address.host);
      throw this.#wrongAnswer("a web page", true);
    }
    const body = envelopeSchema.safeParse(parseJson(answer.text));
    if (!body.success) throw this.#wrongAnswer("an answer that is cut off or empty", true);
    const code = body.data.status?.code ?? 200;
    if (code >= 300) this.#refuse({ ...answer, status: code });
    const data = schema.safeParse(body.data.data);
    if (!data.success) throw this.#wrongAnswer("an answer of another shape than its documents say", true);
    this.#known = true;
    return { data: data.data, total: body.data.extra?.pagination?.total_count ?? null };
  }

  /** @throws always: what cannot be mended by asking again, else a Passing */
  #refuse(
    answer: Pick<HttpAnswer, "status" | "text" | "header"> & { contentType: string },
    limit = this.#account,
  ): never {
    const body = isHtml(answer) ? undefined : envelopeSchema.safeParse(parseJson(answer.text)).data;
    const said = this.#said(body?.status?.user_message);
    const final = finalError(answer.status, said, this.address.host);
    if (final) throw final;
    if (answer.status === 429) {
      const wait = this.#deps.coolDowns.start(limit, answer.header("retry-after"));
      throw new Passing("too many requests (429)", false, wait);
    }
    throw new Passing(`it answered ${answer.status}`, true);
  }

  #wrongAnswer(what: string, mayHaveArrived = false): Passing {
    return new Passing(`it gave ${what}`, mayHaveArrived);
  }

  /** What dbt Cloud says, fit to be shown. */
  #said(text: string | null | undefined): string {
    return this.#deps.log.redactValues(plain(text ?? ""));
  }

  /** Whose limit of requests it is: the Admin API's. */
  get #account(): string {
    return `${this.address.origin}/${this.address.accountId}`;
  }

  async #again<Result>(
    call: CloudCall,
    attempt: () => Promise<Result>,
    limit = this.#account,
  ): Promise<Result> {
    const { clock } = this.#deps;
    const attempts = call.hurried ? 3 : 8;
    for (let number = 1; ; number += 1) {
      await this.#coolDown(call, limit);
      try {
        return await attempt();
      } catch (error) {
        const passing = this.#passing(error);
        if (number >= attempts) {
          throw new DbtUnavailableError(
            `dbt Cloud (${this.address.host}) could not be used: ${passing.message}, ${attempts} times in a row.`,
            { cause: error },
          );
        }
        if (passing.coolDown > 0) continue;
        const pause = Math.min(60_000, 1000 * 2 ** (number - 1)) * (0.8 + 0.4 * clock.random());
        call.onNotice?.(
          `dbt Cloud: ${passing.message}. Trying again in ${inWords(pause)} (${number + 1} of ${attempts}).`,
        );
        await clock.sleep(pause, call.signal);
        if (call.signal?.aborted) throw new DbtCancelledError("Cancelled.");
      }
    }
  }

  /** Rethrows what is not worth another attempt. */
  #passing(error: unknown): Passing {
    if (error instanceof Passing) return error;
    if (!(error instanceof HttpFailure)) throw error;
    const final = finalFailure(error, this.address.host);
    if (final) throw final;
    return new Passing(error.message, error.mayHaveArrived);
  }

  async #coolDown(call: CloudCall, limit: string): Promise<void> {
    const { clock, coolDowns } = this.#deps;
    for (let left = coolDowns.remaining(limit); left > 0; left = coolDowns.remaining(limit)) {
      const words = `dbt Cloud has had too many requests of this account and wants ${inWords(left)} of rest`;
      if (call.hurried) throw new DbtUnavailableError(`${words}. Try again then.`);
      call.onNotice?.(`${words}; going on then.`);
      await clock.sleep(left, call.signal);
      if (call.signal?.aborted) throw new DbtCancelledError("Cancelled.");
    }
  }
}

/** An answer, or none, that another attempt may better. */
class Passing extends Error {
  readonly mayHaveArrived: boolean;
  /** Milliseconds the account must be left alone. */
  readonly coolDown: number;
  constructor(message: string, mayHaveArrived: boolean, coolDown = 0) {
    super(message);
    this.mayHaveArrived = mayHaveArrived;
    this.coolDown = coolDown;
  }
}

export interface Envelope<Data> {
  data: Data;
  /** How many there are in all, of a list. */
  total: number | null;
}

const envelopeSchema = z.object({
  status: z.object({ code: z.number().nullish(), user_message: z.string().nullish() }).nullish(),
  data: z.unknown().optional(),
  extra: z.object({ pagination: z.object({ total_count: z.number().nullish() }).nullish() }).nullish(),
});

const graphqlSchema = z.object({
  data: z.unknown().optional(),
  errors: z
    .array(
      z.object({
        message: z.string().nullish(),
        extensions: z.object({ code: z.string().nullish() }).nullish().catch(null),
      }),
    )
    .nullish(),
});

/** Seconds a request that changes something may still take once nobody wants it any more. */
const graceSeconds = 5;

function lateSignal(signal: AbortSignal | undefined): { signal: AbortSignal } & Disposable {
  const controller = new AbortController();
  let timer: NodeJS.Timeout | undefined;
  const onAbort = (): void => {
    timer = setTimeout(() => controller.abort(), graceSeconds * 1000);
  };
  signal?.addEventListener("abort", onAbort, { once: true });
  return {
    signal: controller.signal,
    [Symbol.dispose]() {
      clearTimeout(timer);
      signal?.removeEventListener("abort", onAbort);
    },
  };
}

const isHtml = (answer: { contentType: string }): boolean => /\bhtml\b/i.test(answer.contentType);

const plain = (text: string): string => text.replace(/[\u0000-\u001f\u007f]+/g, " ").slice(0, 500);

export function inWords(milliseconds: number): string {
  const seconds = Math.ceil(milliseconds / 1000);
  return seconds < 120 ? `${seconds} s` : `${Math.ceil(seconds / 60)} min`;
}
