import type { ProgressToken, WorkDoneProgressReporter } from "vscode-languageserver/node";
import type { ServerContext } from "./feature.ts";

export interface Progress {
  report: (done: number, total: number, label: string) => void;
  /** Fires when the person cancels in the progress the server itself opened, or in the request. */
  signal: AbortSignal;
}

/**
 * Runs long work with progress the client shows: in the request's own progress where it brought a token, else in one the
 * server opens, which can be cancelled there.
 */
export async function withProgress<Result>(
  { connection, client }: Pick<ServerContext, "connection" | "client">,
  options: { title: string; token?: ProgressToken | undefined; signal: AbortSignal },
  work: (progress: Progress) => Promise<Result>,
): Promise<Result> {
  let reporter: WorkDoneProgressReporter | null = null;
  let signal = options.signal;
  if (options.token !== undefined) {
    reporter = connection.window.attachWorkDoneProgress(options.token);
  } else if (client.showsProgress) {
    const own = await connection.window.createWorkDoneProgress();
    const controller = new AbortController();
    own.token.onCancellationRequested(() => controller.abort());
    signal = AbortSignal.any([signal, controller.signal]);
    reporter = own;
  }
  reporter?.begin(options.title, 0, undefined, true);
  try {
    return await work({
      signal,
      report: (done, total, label) => {
        reporter?.report(total > 0 ? Math.round((100 * done) / total) : 0, label);
      },
    });
  } finally {
    reporter?.done();
  }
}
