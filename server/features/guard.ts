import { type CancellationToken, LSPErrorCodes, ResponseError } from "vscode-languageserver/node";
import type { Log } from "../platform/log.ts";
import { DbtCancelledError, DbtError } from "../plugins/errors.ts";

/**
 * The only catch-all. A mistake of the user's SQL never gets here; a DbtError is told in its own words; anything else is a
 * bug, which costs this one answer and one entry in the log, never the server.
 */
export interface Guard {
  /** For what an editor asks by itself: answered with null, since nobody waits for a message. */
  passive: <Args extends unknown[], Result>(
    name: string,
    handler: (...args: Args) => Promise<Result> | Result,
  ) => (...args: Args) => Promise<Result | null>;
  /** For what a person asked for: rejects with a ResponseError in a person's words. */
  command: <Args extends unknown[], Result>(
    name: string,
    handler: (...args: Args) => Promise<Result> | Result,
  ) => (...args: Args) => Promise<Result>;
  /** For notifications and timers, which have no answer. */
  event: <Args extends unknown[]>(
    name: string,
    handler: (...args: Args) => Promise<void> | void,
  ) => (...args: Args) => void;
}

/** Rides on the error of a command: what kind it is, and the action that mends it. */
export interface ErrorData {
  kind: string;
  remedy?: DbtError["remedy"];
}

export function createGuard(log: Log): Guard {
  const report = (name: string, error: unknown): void => {
    if (error instanceof DbtCancelledError || error instanceof ResponseError) return;
    if (error instanceof DbtError) log.warn(`${name}: ${error.message}`);
    else
      log.error(`${name} failed: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
  };
  return {
    passive(name, handler) {
      return async (...args) => {
        try {
          return await handler(...args);
        } catch (error) {
          report(name, error);
          return null;
        }
      };
    },
    command(name, handler) {
      return async (...args) => {
        try {
          return await handler(...args);
        } catch (error) {
          report(name, error);
          throw toResponseError(name, error);
        }
      };
    },
    event(name, handler) {
      return (...args) => {
        const run = async (): Promise<void> => handler(...args);
        run().catch((error: unknown) => report(name, error));
      };
    },
  };
}

function toResponseError(name: string, error: unknown): ResponseError<ErrorData> {
  if (error instanceof ResponseError) return error as ResponseError<ErrorData>;
  if (error instanceof DbtCancelledError) {
    return new ResponseError(LSPErrorCodes.RequestCancelled, "Cancelled.", { kind: error.kind });
  }
  if (error instanceof DbtError) {
    const { kind, remedy } = error;
    return new ResponseError(LSPErrorCodes.RequestFailed, error.message, { kind, ...(remedy && { remedy }) });
  }
  return new ResponseError(
    LSPErrorCodes.RequestFailed,
    `${name} did not work because of a mistake in Floe dbt itself. The log says more.`,
    { kind: "internal" },
  );
}

export function signalOf(token: CancellationToken): AbortSignal {
  const controller = new AbortController();
  if (token.isCancellationRequested) controller.abort();
  token.onCancellationRequested(() => controller.abort());
  return controller.signal;
}
