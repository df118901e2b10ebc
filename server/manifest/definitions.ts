import { readFile } from "node:fs/promises";
import { setImmediate as turn } from "node:timers/promises";
import { type JinjaBlock, jinjaBlocks } from "./jinjaBlocks.ts";
import { fileSignature } from "./fileSignature.ts";
import type { ManifestIndex } from "./manifestIndex.ts";
import type { NodeFacts } from "./nodeFacts.ts";
import { type YamlPlace, yamlPlaces } from "./yamlPlaces.ts";

/** Zero-based, of a name; all in one line. */
export interface Place {
  filePath: string;
  line: number;
  character: number;
  endCharacter: number;
}

interface Known {
  signature: string;
  yaml?: YamlPlace[];
  blocks?: { block: JinjaBlock; place: Omit<Place, "filePath"> }[];
}

/** Files beyond this many are forgotten, the oldest first. */
const remembered = 2000;

/** Where nodes are defined: the file is known from the manifest, the line from the file as it is now. */
export class Definitions {
  readonly #textOf: (filePath: string) => string | undefined;
  readonly #known = new Map<string, Known>();

  /** @param textOf unsaved text of a file that is open */
  constructor(textOf: (filePath: string) => string | undefined) {
    this.#textOf = textOf;
  }

  /** Where a node is defined; null where its file is not there, or does not hold it any more. */
  async of(index: ManifestIndex, facts: NodeFacts): Promise<Place | null> {
    const filePath = index.filePathOf(facts);
    if (filePath === null) return null;
    if (/\.ya?ml$/i.test(facts.path)) {
      const place = placeIn(await this.yaml(filePath), index, facts);
      return place && { filePath, ...positionOf(place) };
    }
    if (facts.type === "macro" || facts.type === "doc" || facts.type === "snapshot") {
      const block = (await this.#blocks(filePath)).find(({ block }) => isBlockOf(block, facts));
      if (block) return { filePath, ...block.place };
      if (facts.type !== "snapshot") return null;
    }
    const isThere = this.#textOf(filePath) !== undefined || (await fileSignature(filePath)) !== null;
    return isThere ? { filePath, line: 0, character: 0, endCharacter: 0 } : null;
  }

  /** Where YAML describes a node that another file defines; null where none does. */
  async described(index: ManifestIndex, facts: NodeFacts): Promise<Place | null> {
    const filePath = index.patchPathOf(facts);
    if (filePath === null) return null;
    const place = placeIn(await this.yaml(filePath), index, facts);
    return place && { filePath, ...positionOf(place) };
  }

  /** Where the tests of a project are defined, by id. Reads each file once, with a turn for others between. */
  async ofTests(index: ManifestIndex, tests: readonly NodeFacts[]): Promise<Map<string, Place>> {
    const found = new Map<string, Place>();
    const byFile = Map.groupBy(tests, (facts) => index.filePathOf(facts));
    for (const [filePath, its] of byFile) {
      if (filePath === null) continue;
      if (!/\.ya?ml$/i.test(filePath)) {
        for (const facts of its) found.set(facts.id, { filePath, line: 0, character: 0, endCharacter: 0 });
        continue;
      }
      const places = await this.yaml(filePath);
      const taken = new Set<YamlPlace>();
      for (const facts of its) {
        const place = placeIn(places, index, facts, taken);
        if (!place) continue;
        taken.add(place);
        found.set(facts.id, { filePath, ...positionOf(place) });
      }
      await turn();
    }
    return found;
  }

  /** Where a node is defined, if that is known without reading its file: it was read before, whatever became of it. */
  known(index: ManifestIndex, facts: NodeFacts): Place | null {
    const filePath = index.filePathOf(facts);
    const known = filePath === null ? undefined : this.#known.get(filePath);
    if (filePath === null || !known) return null;
    const block = known.blocks?.find((each) => isBlockOf(each.block, facts));
    if (block) return { filePath, ...block.place };
    const place = known.yaml && placeIn(known.yaml, index, facts);
    return place ? { filePath, ...positionOf(place) } : null;
  }

  /** The text a file has in the editor, or on disk; "" where it has none. */
  async textFrom(filePath: string): Promise<string> {
    return this.#textOf(filePath) ?? (await textFrom(filePath));
  }

  /** What a YAML file says, and where; nothing where it is not there. */
  async yaml(filePath: string): Promise<YamlPlace[]> {
    const known = await this.#current(filePath);
    if (!known) return [];
    known.yaml ??= yamlPlaces(known.text ?? (await textFrom(filePath)));
    return known.yaml;
  }

  async #blocks(filePath: string): Promise<NonNullable<Known["blocks"]>> {
    const known = await this.#current(filePath);
    if (!known) return [];
    if (!known.blocks) {
      const text = known.text ?? (await textFrom(filePath));
      known.blocks = jinjaBlocks(text).map((block) => ({ block, place: placeAt(text, block) }));
    }
    return known.blocks;
  }

  /** What is remembered of a file, if it is still as it was; `text` where it is open. */
  async #current(filePath: string): Promise<(Known & { text?: string }) | null> {
    const text = this.#textOf(filePath);
    // An open text is its own signature: it is small against reading it again.
    if (text !== undefined) return { signature: "open", text };
    const signature = await fileSignature(filePath);
    if (signature === null) return null;
    const known = this.#known.get(filePath);
    if (known?.signature === signature) return known;
    const fresh: Known = { signature };
    this.#known.set(filePath, fresh);
    if (this.#known.size > remembered) {
      const [oldest] = this.#known.keys();
      if (oldest !== undefined) this.#known.delete(oldest);
    }
    return fresh;
  }
}

async function textFrom(filePath: string): Promise<string> {
  return readFile(filePath, "utf8").catch(() => "");
}

function positionOf({ line, character, endCharacter }: YamlPlace): Omit<Place, "filePath"> {
  return { line, character, endCharacter };
}

function placeAt(text: string, { name, nameStart }: JinjaBlock): Omit<Place, "filePath"> {
  const before = text.slice(0, nameStart);
  const line = before.split("\n").length - 1;
  const character = nameStart - (before.lastIndexOf("\n") + 1);
  return { line, character, endCharacter: character + name.length };
}

function isBlockOf({ kind, name }: JinjaBlock, facts: NodeFacts): boolean {
  if (facts.type === "doc") return kind === "docs" && name === facts.name;
  if (facts.type === "snapshot") return kind === "snapshot" && name === facts.name;
  if (kind === "macro") return name === facts.name;
  if (kind === "test" || kind === "data_test") return facts.name === `test_${name}`;
  return kind === "materialization" && facts.name.startsWith(`materialization_${name}_`);
}

/** @param taken places that other tests of the same kind have already: dbt reads a file from top to bottom */
function placeIn(
  places: readonly YamlPlace[],
  index: ManifestIndex,
  facts: NodeFacts,
  taken: ReadonlySet<YamlPlace> = new Set(),
): YamlPlace | null {
  if (facts.type === "source") {
    return (
      places.find(
        ({ kind, name, owner }) => kind === "table" && name === facts.name && owner === facts.source,
      ) ?? null
    );
  }
  if (facts.type === "unit_test") {
    return places.find(({ kind, name }) => kind === "unit_test" && name === facts.name) ?? null;
  }
  if (facts.type === "test") return testPlace(places, index, facts, taken);
  return places.find(({ kind, name }) => kind === "node" && name === facts.name) ?? null;
}

function testPlace(
  places: readonly YamlPlace[],
  index: ManifestIndex,
  facts: NodeFacts,
  taken: ReadonlySet<YamlPlace>,
): YamlPlace | null {
  const tested = facts.test?.of === undefined ? undefined : index.node(facts.test.of);
  const owner = tested?.type === "source" ? `${tested.source ?? ""}.${tested.name}` : tested?.name;
  const generic = facts.test?.generic?.split(".").at(-1);
  const all = places.filter(
    (place) => place.kind === "test" && place.owner === owner && place.name.split(".").at(-1) === generic,
  );
  const ofColumn = all.filter(({ column }) => column?.toLowerCase() === facts.test?.column?.toLowerCase());
  // A test of the whole node may name its column as an argument.
  const candidates = ofColumn.length > 0 ? ofColumn : all.filter(({ column }) => column === undefined);
  return (
    candidates.find(({ givenName }) => givenName === facts.name) ??
    candidates.find((place) => place.givenName === undefined && !taken.has(place)) ??
    candidates[0] ??
    null
  );
}
