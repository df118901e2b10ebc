import type * as vscode from "vscode";

/** Secrets that have passed between the editor's keeper and the server. */
const hidden = new Set<string>();

/** Keeps a secret out of what is traced from now on; no token is shorter than eight characters. */
export function neverTrace(secret: string | undefined): void {
  if (secret !== undefined && secret.length >= 8) hidden.add(secret);
}

/**
 * The log for the messages between client and server. Whoever traces them word for word (`floeDbt.trace.server`, with the log at
 * level Trace) does so to show the log to others, and a token is among them.
 */
export function traceLog(log: vscode.LogOutputChannel): vscode.LogOutputChannel {
  const trace = (message: string): void => {
    let clean = message;
    for (const secret of hidden) clean = clean.replaceAll(secret, "***");
    log.trace(clean);
  };
  // Not a proxy of the log itself: that one is frozen.
  return new Proxy({} as vscode.LogOutputChannel, {
    get(_target, name): unknown {
      const own: unknown = name === "trace" ? trace : Reflect.get(log, name);
      return typeof own === "function" ? own.bind(log) : own;
    },
  });
}
