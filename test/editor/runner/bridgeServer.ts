import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { pageVerbSchema, suiteEventSchema, type Page, type SuiteEvent } from "../bridge.ts";

export interface BridgeServer extends AsyncDisposable {
  address: string;
}

/** The runner's side of bridge.ts, on a free port of 127.0.0.1. */
export async function startBridgeServer(options: {
  /** Name of the suite to begin with. */
  first: string;
  /** Name of the next suite in the same window; "" if there is none. */
  next: () => Promise<string>;
  /** Makes the workspace as the suite wants it. */
  makeWorkspace: () => void;
  onEvent: (event: SuiteEvent) => void;
  page: () => Page;
}): Promise<BridgeServer> {
  let taken = false;
  const routes: Record<string, (body: string) => string | Promise<string>> = {
    "/first": () => {
      const name = taken ? "" : options.first;
      taken = true;
      return name;
    },
    "/next": options.next,
    "/workspace": () => {
      options.makeWorkspace();
      return "";
    },
    "/event": (body) => {
      options.onEvent(suiteEventSchema.parse(JSON.parse(body)));
      return "";
    },
    "/page": async (body) => JSON.stringify(await onPage(options.page(), body)),
  };
  const answer = async (request: IncomingMessage): Promise<string> => {
    const route = routes[request.url ?? ""];
    if (!route) throw new Error(`Nothing is at ${request.url ?? ""}.`);
    return route(await bodyOf(request));
  };
  const server = createServer((request, response) => {
    answer(request).then(
      (text) => response.end(text),
      (error: unknown) => response.writeHead(500).end(String(error)),
    );
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  return {
    address: `http://127.0.0.1:${port}`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

async function onPage(page: Page, body: string): Promise<{ result?: unknown; error?: string }> {
  const { verb, args } = pageVerbSchema.parse(JSON.parse(body));
  const verbs = page as unknown as Record<string, (...given: string[]) => Promise<unknown>>;
  if (!(verb in verbs)) return { error: `The page has no verb ${verb}.` };
  try {
    return { result: (await verbs[verb]?.(...args)) ?? null };
  } catch (error) {
    return {
      error: `${verb}(${args.join(", ")}): ${error instanceof Error ? error.message : String(error)}`,
    };
  }
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString();
}
