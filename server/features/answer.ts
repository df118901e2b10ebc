import {
  type CancellationToken,
  type Connection,
  ErrorCodes,
  type RequestType,
  ResponseError,
} from "vscode-languageserver/node";
import { paramsSchemas } from "../../protocol/params.ts";
import type { Guard } from "./guard.ts";

/**
 * Answers one of our requests. What it is called with is checked first: what the client got wrong is said in the client's
 * own keys (InvalidParams) and never reaches the handler.
 * @param name what it does, for a person: "Starting a run"
 */
export type Answer = <Params, Result>(
  type: RequestType<Params, Result, void>,
  name: string,
  handler: (params: Params, token: CancellationToken) => Promise<Result> | Result,
) => void;

export function createAnswer(connection: Connection, guard: Guard): Answer {
  return (type, name, handler) => {
    const schema = paramsSchemas.get(type.method);
    if (!schema) throw new Error(`Nobody has said what ${type.method} takes.`);
    const checked = guard.command(name, (params: unknown, token: CancellationToken) => {
      const { data, error } = schema.safeParse(params);
      if (error) throw new ResponseError(ErrorCodes.InvalidParams, wrongParams(type.method, error.issues));
      return handler(data as Parameters<typeof handler>[0], token);
    });
    connection.onRequest(type.method, checked);
  };
}

function wrongParams(
  method: string,
  issues: readonly { path: readonly PropertyKey[]; message: string }[],
): string {
  const wrong = issues.map(({ path, message }) =>
    path.length === 0 ? message : `${path.join(".")}: ${message}`,
  );
  return `${method} was called in a way it does not understand. ${wrong.join("; ")}.`;
}
