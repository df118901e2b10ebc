import path from "node:path";
import {
  type Location,
  MarkupKind,
  type Position,
  type TextDocumentPositionParams,
} from "vscode-languageserver/node";
import type { TextDocument } from "vscode-languageserver-textdocument";
import { parseYaml } from "../config/yamlFile.ts";
import type { Place } from "../manifest/definitions.ts";
import { hoverText } from "../manifest/hoverText.ts";
import { callAt, jinjaCalls } from "../manifest/jinjaCalls.ts";
import type { ManifestIndex } from "../manifest/manifestIndex.ts";
import { nodeDetail } from "../manifest/nodeDetail.ts";
import type { ProjectManifest } from "../manifest/projectManifest.ts";
import { referencesTo } from "../manifest/references.ts";
import { type Meaning, macros, meaningOf } from "../manifest/resolveCall.ts";
import { jinjaBlocks } from "../manifest/jinjaBlocks.ts";
import { yamlPlaces } from "../manifest/yamlPlaces.ts";
import { uriOfPath } from "../platform/uri.ts";
import type { Project } from "../projects/project.ts";
import type { Feature, ServerContext } from "./feature.ts";
import { signalOf } from "./guard.ts";
import { manifestPatience } from "./manifestState.ts";

/** Where a person is: in a document of a project whose manifest is there. */
export interface Spot {
  project: Project;
  manifest: ProjectManifest;
  index: ManifestIndex;
  document: TextDocument;
  filePath: string;
  /** Of the file. */
  packageName: string;
  offset: number;
  isYaml: boolean;
}

/** Definition, references and hover of ref, source, macros, var, doc and metric, in SQL, YAML and Markdown. */
export const navigation: Feature = {
  readsOnly: true,
  capabilities: () => ({ definitionProvider: true, referencesProvider: true, hoverProvider: true }),
  register(context) {
    const { connection, guard, definitions } = context;
    connection.onDefinition(
      guard.passive("Going to the definition", async (params) => {
        const spot = await spotOf(context, params);
        const found = spot && meaningAt(spot);
        if (!spot || !found) return null;
        const places = await placesOf(context, spot, found.meaning);
        return places.map(locationOf);
      }),
    );
    connection.onReferences(
      guard.passive("Finding references", async (params, token) => {
        const spot = await spotOf(context, params);
        const found = spot && meaningAt(spot);
        if (!spot || !found) return null;
        const textOf = (filePath: string): string | undefined => context.documents.textOf(filePath);
        const references = await referencesTo(
          found.meaning,
          { index: spot.index, definitions, textOf },
          signalOf(token),
        );
        const own = params.context.includeDeclaration ? await placesOf(context, spot, found.meaning) : [];
        return [...own, ...references].map(locationOf);
      }),
    );
    connection.onHover(
      guard.passive("Showing what is known of a node", async (params) => {
        const spot = await spotOf(context, params);
        const found = spot && meaningAt(spot);
        const [facts] = found?.meaning.kind === "nodes" ? found.meaning.nodes : [];
        if (!spot || !found || !facts) return null;
        const detail = await nodeDetail(spot.index, facts, spot.manifest.lastRun(facts.id), definitions);
        const { markdownHovers: markdown } = context.client;
        const kind = markdown ? MarkupKind.Markdown : MarkupKind.PlainText;
        const range = {
          start: spot.document.positionAt(found.start),
          end: spot.document.positionAt(found.end),
        };
        return { contents: { kind, value: hoverText(detail, { markdown }) }, range };
      }),
    );
  },
};

/** @returns null where there is no project, no manifest, or no such document open */
export async function spotOf(
  context: ServerContext,
  { textDocument, position }: TextDocumentPositionParams,
): Promise<Spot | null> {
  const file = context.documents.ofUri(textDocument.uri);
  const project = file && (await context.projects.of(file.filePath));
  const manifest = project && context.manifests.at(project.dir);
  const index = await manifest?.ready(manifestPatience);
  if (!file || !project || !manifest || !index) return null;
  const { filePath, document } = file;
  return {
    project,
    manifest,
    index,
    document,
    filePath,
    packageName: index.packageOf(filePath),
    offset: document.offsetAt(position),
    isYaml: /\.ya?ml$/i.test(filePath),
  };
}

/** Calls stand outside `{{ }}` in YAML, and in Python models. */
export function isBare(filePath: string): boolean {
  return /\.(ya?ml|py)$/i.test(filePath);
}

interface Found {
  meaning: Meaning;
  start: number;
  end: number;
}

/** What the text at an offset means: a call, or the name of something the file itself defines or describes. */
function meaningAt(spot: Spot): Found | null {
  const { index, document, offset, packageName, filePath } = spot;
  const text = document.getText();
  const at = callAt(jinjaCalls(text, { bare: isBare(filePath) }), offset);
  if (at) {
    const meaning = meaningOf(index, packageName, at.call);
    const literal = at.index < 0 ? null : at.call.args[at.index];
    const [start, end] = literal ? [literal.start, literal.end] : [at.call.nameStart, at.call.nameEnd];
    // The text given to a macro is no name of the macro.
    const isMacro = meaning?.kind === "nodes" && meaning.nodes[0]?.type === "macro";
    if (meaning && !(isMacro && literal)) return { meaning, start, end };
  }
  return spot.isYaml ? yamlMeaning(spot, text) : blockMeaning(spot, text);
}

/** The name in `{% macro name() %}` or `{% docs name %}`. */
function blockMeaning({ index, offset, packageName }: Spot, text: string): Found | null {
  for (const { kind, name, nameStart } of jinjaBlocks(text)) {
    const end = nameStart + name.length;
    if (offset < nameStart || offset > end) continue;
    const wanted = kind === "test" || kind === "data_test" ? `test_${name}` : name;
    const type = kind === "docs" ? "doc" : kind === "snapshot" ? "snapshot" : "macro";
    const nodes = index
      .named(wanted)
      .filter((facts) => facts.type === type && facts.packageName === packageName);
    return nodes.length > 0 ? { meaning: { kind: "nodes", nodes }, start: nameStart, end } : null;
  }
  return null;
}

/** The name of a node, of a source's table, or of a generic test. */
function yamlMeaning({ index, document, offset, packageName, filePath }: Spot, text: string): Found | null {
  const position = document.positionAt(offset);
  const place = yamlPlaces(text).find(
    ({ line, character, endCharacter }) =>
      line === position.line && position.character >= character && position.character <= endCharacter,
  );
  if (!place) return null;
  const start = document.offsetAt({ line: place.line, character: place.character });
  const found = (nodes: ReturnType<ManifestIndex["named"]>): Found | null =>
    nodes.length > 0
      ? { meaning: { kind: "nodes", nodes }, start, end: start + place.endCharacter - place.character }
      : null;
  if (place.kind === "test") {
    const [name = "", ofPackage] = place.name.split(".").toReversed();
    return found(macros(index, packageName, `test_${name}`, ofPackage));
  }
  if (place.kind === "table") {
    return found(
      index.named(place.name).filter(({ type, source }) => type === "source" && source === place.owner),
    );
  }
  if (place.kind !== "node") return null;
  const isDescribed = (facts: { id: string }): boolean =>
    index.inFile(filePath).some(({ id }) => id === facts.id);
  return found(index.named(place.name).filter(isDescribed));
}

async function placesOf(context: ServerContext, spot: Spot, meaning: Meaning): Promise<Place[]> {
  if (meaning.kind === "var") return await placeOfVariable(context, spot, meaning.name);
  const places = await Promise.all(meaning.nodes.map((facts) => context.definitions.of(spot.index, facts)));
  return places.filter((place) => place !== null);
}

/** The key in dbt_project.yml: under the package's name, else under `vars` itself. */
async function placeOfVariable(
  context: ServerContext,
  { project, packageName }: Spot,
  name: string,
): Promise<Place[]> {
  const filePath = path.join(project.dir, "dbt_project.yml");
  const text = await context.definitions.textFrom(filePath);
  const { vars } = project.config;
  const scoped = vars[packageName];
  const isScoped = typeof scoped === "object" && scoped !== null && name in scoped;
  if (!isScoped && !(name in vars)) return [];
  const { start, end } = parseYaml(filePath, text).rangeOfKey(
    isScoped ? ["vars", packageName, name] : ["vars", name],
  );
  return [{ filePath, line: start.line, character: start.character, endCharacter: end.character }];
}

function locationOf({ filePath, line, character, endCharacter }: Place): Location {
  const start: Position = { line, character };
  return { uri: uriOfPath(filePath), range: { start, end: { line, character: endCharacter } } };
}
