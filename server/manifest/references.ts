import { readFile } from "node:fs/promises";
import type { Definitions, Place } from "./definitions.ts";
import { isBare, type JinjaCall, jinjaCalls } from "./jinjaCalls.ts";
import type { ManifestIndex } from "./manifestIndex.ts";
import type { NodeFacts } from "./nodeFacts.ts";
import { type Meaning, meaningOf } from "./resolveCall.ts";

/** A range of one line of a file, zero-based. */
export interface ReferenceDeps {
  index: ManifestIndex;
  definitions: Definitions;
  textOf: (filePath: string) => string | undefined;
}

/** Where the texts name what a meaning means: in calls, and in the YAML that describes or tests it. */
export async function referencesTo(
  meaning: Meaning,
  deps: ReferenceDeps,
  signal: AbortSignal,
): Promise<Place[]> {
  const { index, definitions } = deps;
  const users = usersOf(index, meaning);
  const files = new Map<string, string>();
  for (const user of users) {
    const filePath = index.filePathOf(user);
    if (filePath !== null) files.set(filePath, user.packageName);
    const patchPath =
      meaning.kind === "nodes" && meaning.nodes.some(({ type }) => type === "doc")
        ? index.patchPathOf(user)
        : null;
    if (patchPath !== null) files.set(patchPath, user.packageName);
  }
  const found: Place[] = [];
  for (const [filePath, packageName] of files) {
    if (signal.aborted) return [];
    const text = deps.textOf(filePath) ?? (await readFile(filePath, "utf8").catch(() => ""));
    for (const call of jinjaCalls(text, { bare: isBare(filePath) })) {
      if (isSame(meaning, meaningOf(index, packageName, call))) found.push(placeOf(filePath, text, call));
    }
  }
  if (meaning.kind !== "nodes") return found;
  for (const node of meaning.nodes) {
    const described = await definitions.described(index, node);
    if (described) found.push(described);
  }
  const tests = users.filter(
    ({ test, macros }) => test?.kind === "generic" && meaning.nodes.some(({ id }) => macros?.includes(id)),
  );
  found.push(...(await definitions.ofTests(index, tests)).values());
  return unique(found);
}

function usersOf(index: ManifestIndex, meaning: Meaning): NodeFacts[] {
  if (meaning.kind === "var") return [...index.all()].filter(({ vars }) => vars?.includes(meaning.name));
  return meaning.nodes.flatMap((node) => {
    if (node.type === "macro") return index.callers(node.id);
    if (node.type !== "doc") return index.children(node.id);
    // Older manifests do not say who names a docs block: whatever has a description may.
    const named = [...index.all()].filter(({ docs }) => docs?.includes(node.id));
    return named.length > 0
      ? named
      : [...index.all()].filter(
          (each) => each.description !== undefined && !index.isInternal(each.packageName),
        );
  });
}

function isSame(a: Meaning, b: Meaning | null): boolean {
  if (a.kind === "var") return b?.kind === "var" && b.name === a.name;
  return b?.kind === "nodes" && b.nodes.some(({ id }) => a.nodes.some((node) => node.id === id));
}

/** The last literal of a ref, source or doc; the name of a macro's call. */
function placeOf(filePath: string, text: string, call: JinjaCall): Place {
  const isNamed = ["ref", "source", "var", "doc", "metric"].includes(call.name);
  const literal = call.name === "var" ? call.args[0] : call.args.findLast((arg) => arg !== null);
  const start = isNamed && literal ? literal.start : call.nameStart;
  const end = isNamed && literal ? literal.end : call.nameEnd;
  const lineStart = text.lastIndexOf("\n", start - 1) + 1;
  let line = 0;
  for (let at = text.indexOf("\n"); at >= 0 && at < start; at = text.indexOf("\n", at + 1)) line += 1;
  return { filePath, line, character: start - lineStart, endCharacter: end - lineStart };
}

function unique(places: Place[]): Place[] {
  const byKey = new Map(places.map((place) => [`${place.filePath}:${place.line}:${place.character}`, place]));
  return [...byKey.values()];
}
