import { Worker } from "node:worker_threads";
import type { ManifestFacts } from "./nodeFacts.ts";
import type { ArtifactParts, ReaderMessage, ReaderRequest, ReadFailure } from "./readerMessages.ts";

export class ArtifactReadError extends Error {
  readonly reason: ReadFailure;
  constructor(reason: ReadFailure, message: string) {
    super(message);
    this.reason = reason;
  }
}

export interface ReadOptions<Part> {
  /** Absolute path of the thread's script: readerThread.ts, or what became of it in dist/. */
  thread: string;
  /** Takes some of the parts; called in small steps, between which everything else has its turn. */
  onParts: (parts: Part[]) => void;
  signal: AbortSignal;
}

/**
 * Reads an artifact of dbt in a thread of its own, which ends with it and gives all its memory back.
 * @throws ArtifactReadError; the signal's reason where it fired
 */
export async function readArtifact<Name extends keyof ArtifactParts>(
  artifact: Name,
  filePath: string,
  options: ReadOptions<ArtifactParts[Name]>,
): Promise<ManifestFacts | null> {
  const { signal } = options;
  signal.throwIfAborted();
  const request: ReaderRequest = { artifact, filePath };
  const worker = new Worker(options.thread, {
    workerData: request,
    env: {},
    // Standard output belongs to the protocol of this process.
    stdout: true,
    stderr: true,
    execArgv: ["--disable-warning=ExperimentalWarning", "--disable-warning=MODULE_TYPELESS_PACKAGE_JSON"],
  });
  worker.unref();
  const answer = Promise.withResolvers<ManifestFacts | null>();
  const stop = (): void => answer.reject(signal.reason as Error);
  signal.addEventListener("abort", stop, { once: true });
  worker.on("message", (message: ReaderMessage) => {
    if (signal.aborted) return;
    if (message.kind === "done") {
      answer.resolve(message.facts);
    } else if (message.kind === "failed") {
      answer.reject(new ArtifactReadError(message.reason, message.message));
    } else {
      options.onParts(JSON.parse(message.json) as ArtifactParts[Name][]);
      // What came meanwhile (a keystroke) goes before the next step.
      setImmediate(() => worker.postMessage("next"));
    }
  });
  const failed = (error: unknown): void =>
    answer.reject(
      new ArtifactReadError("unreadable", error instanceof Error ? error.message : String(error)),
    );
  worker.on("error", failed);
  worker.on("exit", (code) => failed(`its reader ended with ${code}`));
  try {
    return await answer.promise;
  } finally {
    signal.removeEventListener("abort", stop);
    await worker.terminate();
  }
}
