import { open, rm } from "node:fs/promises";
import type { EnvHttpProxyAgent, Response } from "undici";
import type { Log } from "./log.ts";

/**
 * The only place that speaks HTTP. Every request has a deadline that covers its body, follows redirects only for GET and
 * only within its own origin (a token must not travel), and is one line in the log: what, answer, how long. Headers are
 * never logged. The proxy variables of the environment are honoured; NODE_EXTRA_CA_CERTS is Node's own affair.
 */
export interface HttpRequest {
  method: "GET" | "POST";
  url: URL;
  headers?: Record<string, string>;
  body?: string;
  /** For all of it: connecting, waiting, the whole body. */
  deadlineSeconds: number;
  signal?: AbortSignal | undefined;
}

export interface HttpAnswer {
  status: number;
  contentType: string;
  header(name: string): string | null;
  text: string;
}

export interface HttpDownload extends Omit<HttpAnswer, "text"> {
  /** Of a status below 300 the bytes that are in the file now; of any other the text. */
  bytes: number;
  text: string;
}

export interface Http extends AsyncDisposable {
  /** Any status is an answer. @throws HttpFailure */
  text(request: HttpRequest): Promise<HttpAnswer>;
  /** Streams the body to a file, whatever its size. What is in the file after a failure is not whole. @throws HttpFailure */
  download(request: HttpRequest, filePath: string): Promise<HttpDownload>;
}

/**
 * - notFound, refused, insecure: no connection, so the server has seen nothing
 * - deadline, broken: it may have seen all of it
 * - redirected: it wants the request to go where it must not go
 * - aborted: the caller's signal
 * - tooLarge: more than may be held as text
 */
export type HttpFailureReason =
  "notFound" | "refused" | "insecure" | "deadline" | "broken" | "redirected" | "aborted" | "tooLarge";

export class HttpFailure extends Error {
  readonly reason: HttpFailureReason;
  constructor(reason: HttpFailureReason, message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = "HttpFailure";
    this.reason = reason;
  }
  /** Whether the server may have acted on the request. */
  get mayHaveArrived(): boolean {
    return !["notFound", "refused", "insecure"].includes(this.reason);
  }
}

const maxTextBytes = 64_000_000;
const maxRedirects = 5;

export function createHttp(options: { log: Log; env: NodeJS.ProcessEnv; userAgent: string }): Http {
  const { env, log } = options;
  const proxy = (name: string) => env[name.toLowerCase()] ?? env[name.toUpperCase()];
  const [httpProxy, httpsProxy, noProxy] = [proxy("http_proxy"), proxy("https_proxy"), proxy("no_proxy")];
  // Loading undici is a third of the server's start, and most projects never speak HTTP.
  let dispatcher: EnvHttpProxyAgent | undefined;
  async function fetched(url: URL, { method, headers, body }: HttpRequest, signal: AbortSignal) {
    const undici = await import("undici");
    dispatcher ??= new undici.EnvHttpProxyAgent({
      ...(httpProxy && { httpProxy }),
      ...(httpsProxy && { httpsProxy }),
      ...(noProxy && { noProxy }),
    });
    return undici.fetch(url.href, {
      method,
      headers: { "user-agent": options.userAgent, ...headers },
      ...(body !== undefined && { body }),
      redirect: "manual",
      signal,
      dispatcher,
    });
  }

  async function send<Result>(
    request: HttpRequest,
    read: (response: Response) => Promise<Result>,
  ): Promise<Result> {
    const startedAt = performance.now();
    const deadline = AbortSignal.timeout(request.deadlineSeconds * 1000);
    const signal = request.signal ? AbortSignal.any([request.signal, deadline]) : deadline;
    const line = (how: string): string =>
      `${request.method} ${request.url.href} · ${how} · ${((performance.now() - startedAt) / 1000).toFixed(2)} s`;
    try {
      const response = await follow(request, signal);
      const result = await read(response);
      log.debug(line(String(response.status)));
      return result;
    } catch (error) {
      const failure = asFailure(error, request, deadline);
      log.info(line(failure.message));
      throw failure;
    }
  }

  async function follow(request: HttpRequest, signal: AbortSignal): Promise<Response> {
    let url = request.url;
    for (let step = 0; step <= maxRedirects; step += 1) {
      const response = await fetched(url, request, signal);
      const location = response.headers.get("location");
      if (response.status < 300 || response.status > 399 || location === null) return response;
      await response.body?.cancel();
      const next = URL.canParse(location, url.href) ? new URL(location, url) : null;
      if (request.method !== "GET" || next === null || next.origin !== url.origin) {
        const where = next === null ? "nowhere" : next.origin;
        throw new HttpFailure("redirected", `${url.origin} sends this request on to ${where}`);
      }
      url = next;
    }
    throw new HttpFailure("redirected", `${url.origin} redirects in a circle`);
  }

  const facts = (response: Response) => ({
    status: response.status,
    contentType: response.headers.get("content-type") ?? "",
    header: (name: string) => response.headers.get(name),
  });

  return {
    text: (request) =>
      send(request, async (response) => ({ ...facts(response), text: await boundedText(response) })),
    download: (request, filePath) =>
      send(request, async (response) => {
        if (response.status >= 300) {
          return { ...facts(response), bytes: 0, text: await boundedText(response) };
        }
        return { ...facts(response), bytes: await toFile(response, filePath), text: "" };
      }),
    [Symbol.asyncDispose]: async () => dispatcher?.destroy(),
  };
}

async function boundedText(response: Response): Promise<string> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of bodyOf(response)) {
    bytes += chunk.byteLength;
    if (bytes > maxTextBytes) throw new HttpFailure("tooLarge", "the answer is larger than 64 MB");
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
}

async function toFile(response: Response, filePath: string): Promise<number> {
  const file = await open(filePath, "w");
  let bytes = 0;
  try {
    for await (const chunk of bodyOf(response)) {
      await file.writeFile(chunk);
      bytes += chunk.byteLength;
      // Each chunk is ours alone, and given back at once: the collector comes when some 70 MB of them have piled up, or late.
      chunk.buffer.transfer(0);
    }
    await file.close();
    return bytes;
  } catch (error) {
    await file.close().catch(() => undefined);
    await rm(filePath, { force: true });
    throw error;
  }
}

async function* bodyOf(response: Response): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  if (!response.body) return;
  for await (const chunk of response.body) yield chunk as Uint8Array<ArrayBuffer>;
}

const reasons: [RegExp, HttpFailureReason, string][] = [
  [/^(ENOTFOUND|EAI_AGAIN|EAI_NODATA)$/, "notFound", "the host is not known"],
  [
    /^(ECONNREFUSED|EHOSTUNREACH|ENETUNREACH|UND_ERR_CONNECT_TIMEOUT)$/,
    "refused",
    "no connection could be made",
  ],
  [/CERT|SELF_SIGNED|UNABLE_TO|TLS|SSL/, "insecure", "no secure connection could be made"],
];

function asFailure(error: unknown, request: HttpRequest, deadline: AbortSignal): HttpFailure {
  if (error instanceof HttpFailure) return error;
  if (request.signal?.aborted) return new HttpFailure("aborted", "cancelled");
  if (deadline.aborted) {
    return new HttpFailure("deadline", `no whole answer within ${request.deadlineSeconds} s`, error);
  }
  const code = codeOf(error);
  for (const [pattern, reason, words] of reasons) {
    if (pattern.test(code)) return new HttpFailure(reason, `${words} (${code})`, error);
  }
  const detail = code === "" ? "" : ` (${code})`;
  return new HttpFailure("broken", `the connection broke off${detail}`, error);
}

/** The system's or undici's code, wherever in the chain of causes it is. */
function codeOf(error: unknown): string {
  if (!(error instanceof Error)) return "";
  const { code } = error as NodeJS.ErrnoException;
  const own = typeof code === "string" ? code : "";
  if (error instanceof AggregateError) return own || codeOf(error.errors[0]);
  return codeOf(error.cause) || own;
}
