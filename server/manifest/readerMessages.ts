import type { ManifestFacts, NodeFacts } from "./nodeFacts.ts";
import type { RunFacts } from "./runResults.ts";

/** What goes between the server and the thread that reads artifacts. */
export interface ReaderRequest {
  artifact: keyof ArtifactParts;
  filePath: string;
}

/** What the parts of each artifact are. */
export interface ArtifactParts {
  manifest: NodeFacts;
  runResults: RunFacts;
}

export type ReaderMessage =
  /** Some parts as JSON text, which is the cheapest way from thread to thread. The next come when "next" was said. */
  | { kind: "batch"; json: string }
  | { kind: "done"; facts: ManifestFacts | null }
  | { kind: "failed"; reason: ReadFailure; message: string };

/**
 * - missing: there is no such file
 * - cutOff: it ends too early, as one does that is being written
 * - damaged: what is there is no manifest
 * - unreadable: the file system or the memory does not allow it
 */
export type ReadFailure = "missing" | "cutOff" | "damaged" | "unreadable";
