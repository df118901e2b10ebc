import type { ServerResponse } from "node:http";
import { gzipSync } from "node:zlib";

/** What can go wrong with one answer. */
export type FaultKind =
  /** Any status, with dbt Cloud's error body, or HTML. */
  | { kind: "status"; status: number; headers?: Record<string, string>; html?: boolean; says?: string }
  /** Carried out, and answered late, in real milliseconds. */
  | { kind: "slow"; milliseconds: number }
  /** Not carried out; no byte ever comes. */
  | { kind: "hang" }
  /** Carried out; headers and half of the body come, then nothing. */
  | { kind: "stallBody" }
  /** Not carried out; the connection is reset. */
  | { kind: "reset" }
  /** Carried out; then the connection is reset. */
  | { kind: "lostResponse" }
  /** Carried out; the body is shorter than its length says. */
  | { kind: "cut" }
  /** Carried out; the JSON ends in the middle, with its right length. */
  | { kind: "truncated" }
  /** Not carried out; a web page with status 200. */
  | { kind: "html200" }
  /** Carried out; nothing in the answer. */
  | { kind: "empty200" }
  /** Carried out; `data` is null. */
  | { kind: "nullData" }
  /** Carried out; `data` is a text. */
  | { kind: "wrongType" }
  /** Carried out; says gzip, is not. */
  | { kind: "badGzip" }
  | { kind: "redirect"; status?: number; to: string }
  /** Not carried out; this JSON with status 200. */
  | { kind: "answer"; text: string };

export type Fault = FaultKind & {
  /** Of "GET /api/v2/...". */
  match: RegExp;
  /** So many matching requests are left alone first. */
  after?: number;
  times?: number;
};

interface Queued {
  fault: Fault;
  after: number;
  left: number;
}

/** Faults in the order they were planned: of those that match a request, the first that has something left. */
export class Faults {
  #queued: Queued[] = [];

  plan(fault: Fault): void {
    this.#queued.push({ fault, after: fault.after ?? 0, left: fault.times ?? 1 });
  }

  clear(): void {
    this.#queued = [];
  }

  take(request: string): Fault | null {
    for (const queued of this.#queued) {
      if (queued.left === 0 || !queued.fault.match.test(request)) continue;
      if (queued.after > 0) {
        queued.after -= 1;
        continue;
      }
      queued.left -= 1;
      return queued.fault;
    }
    return null;
  }
}

/** Whether the request is carried out in spite of what becomes of its answer. */
export const isCarriedOut = ({ kind }: FaultKind): boolean =>
  [
    "slow",
    "stallBody",
    "lostResponse",
    "cut",
    "truncated",
    "empty200",
    "nullData",
    "wrongType",
    "badGzip",
  ].includes(kind);

const page = "<!doctype html><html><body>Something went wrong</body></html>";

/** Answers as the fault wants it. @param body what the answer would have been, where it was carried out */
export function answerFaulty(response: ServerResponse, fault: FaultKind, body: string): void {
  const json = { "content-type": "application/json" };
  const send = (status: number, headers: Record<string, string>, text: string | Buffer): void => {
    response.writeHead(status, headers);
    response.end(text);
  };
  switch (fault.kind) {
    case "status":
      if (fault.html) send(fault.status, { "content-type": "text/html", ...fault.headers }, page);
      else send(fault.status, { ...json, ...fault.headers }, errorBody(fault.status, fault.says));
      return;
    case "slow":
      setTimeout(() => send(200, json, body), fault.milliseconds);
      return;
    case "hang":
      return;
    case "stallBody":
      response.writeHead(200, { ...json, "content-length": String(Buffer.byteLength(body)) });
      response.write(body.slice(0, Math.ceil(body.length / 2)));
      return;
    case "reset":
    case "lostResponse":
      response.socket?.resetAndDestroy();
      return;
    case "cut":
      response.writeHead(200, { ...json, "content-length": String(Buffer.byteLength(body) + 100) });
      response.write(body.slice(0, Math.ceil(body.length / 2)), () => response.socket?.destroy());
      return;
    case "truncated":
      send(200, json, body.slice(0, Math.ceil(body.length / 2)));
      return;
    case "html200":
      send(200, { "content-type": "text/html" }, page);
      return;
    case "empty200":
      send(200, json, "");
      return;
    case "nullData":
      send(200, json, JSON.stringify({ status: okStatus, data: null }));
      return;
    case "wrongType":
      send(200, json, JSON.stringify({ status: okStatus, data: "surprise" }));
      return;
    case "badGzip":
      send(200, { ...json, "content-encoding": "gzip" }, gzipSync(body).subarray(0, 20));
      return;
    case "answer":
      send(200, json, fault.text);
      return;
    case "redirect":
      send(fault.status ?? 302, { location: fault.to }, "");
  }
}

export const okStatus = { code: 200, is_success: true, user_message: "Success!", developer_message: "" };

export const errorBody = (status: number, says = "The request could not be completed."): string =>
  JSON.stringify({
    status: { code: status, is_success: false, user_message: says, developer_message: null },
    data: null,
  });
