import { JsonDamage, visitJsonEntries } from "./jsonEntries.ts";
import { holdsNodes, type ManifestFacts, manifestFacts, nodeFacts, type NodeFacts } from "./nodeFacts.ts";

/**
 * Reads manifest.json down to the facts that are kept. Synchronous: for a thread of its own.
 * @throws JsonDamage, or what the file system says
 */
export function readManifest(filePath: string): { facts: ManifestFacts; nodes: NodeFacts[] } {
  let metadata: unknown = undefined;
  let isManifest = false;
  const nodes: NodeFacts[] = [];
  visitJsonEntries(filePath, {
    wants: (section) => (section === "metadata" ? "whole" : holdsNodes(section) ? "entries" : null),
    entry(section, key, value) {
      if (section === "metadata") {
        metadata = value;
        return;
      }
      isManifest = true;
      const facts = nodeFacts(section, key, value);
      if (facts) nodes.push(facts);
    },
  });
  // A manifest of an empty project has sections, too: they are empty objects, which are passed over without an entry.
  // eslint-disable-next-line @typescript-eslint/no-unnecessary-condition -- the visitor sets it
  if (!isManifest && manifestFacts(metadata).schemaVersion === null) {
    throw new JsonDamage("syntax", 0, "it is JSON, and no manifest of dbt");
  }
  return { facts: manifestFacts(metadata), nodes };
}

/** The nodes, read in this process all the same: where nobody else waits for it, and a thread would cost more. */
export function readManifestHere(
  filePath: string,
  take: (nodes: readonly NodeFacts[]) => void,
): Promise<void> {
  take(readManifest(filePath).nodes);
  return Promise.resolve();
}
