import { parentPort, workerData } from "node:worker_threads";
import { JsonDamage } from "./jsonEntries.ts";
import type { ManifestFacts } from "./nodeFacts.ts";
import { readManifest } from "./readManifest.ts";
import type { ReaderMessage, ReaderRequest } from "./readerMessages.ts";
import { readRunResults } from "./runResults.ts";

/** The thread that reads one artifact and ends. An entry point of its own: dist/artifactReader.js. */

const batchSize = 100;
const port = parentPort;
if (port) {
  const say = (message: ReaderMessage): void => port.postMessage(message);
  try {
    const { facts, parts } = read(workerData as ReaderRequest);
    let at = 0;
    const next = (): void => {
      if (at >= parts.length) {
        say({ kind: "done", facts });
        port.close();
        return;
      }
      say({ kind: "batch", json: JSON.stringify(parts.slice(at, at + batchSize)) });
      at += batchSize;
    };
    port.on("message", next);
    next();
  } catch (error) {
    say({ kind: "failed", ...failureOf(error) });
    port.close();
  }
}

function read({ artifact, filePath }: ReaderRequest): { facts: ManifestFacts | null; parts: unknown[] } {
  if (artifact === "runResults") return { facts: null, parts: readRunResults(filePath) };
  const { facts, nodes } = readManifest(filePath);
  return { facts, parts: nodes };
}

function failureOf(error: unknown): Pick<ReaderMessage & { kind: "failed" }, "reason" | "message"> {
  const message = error instanceof Error ? error.message : String(error);
  if (error instanceof JsonDamage) {
    return { reason: error.kind === "cutOff" ? "cutOff" : "damaged", message };
  }
  const code = (error as NodeJS.ErrnoException).code;
  return { reason: code === "ENOENT" ? "missing" : "unreadable", message: code ?? message };
}
