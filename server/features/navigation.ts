import path from "node:path";
import {
  type Location,
  MarkupKind,
  type Position,
  type TextDocumentPositionParams,
} from "vscode-languageserver/node";
import type { TextDocument } from "vscode-languageserver-textdocument";
import { variableOf, variablePaths } from "../config/projectVariables.ts";
import { parseYaml } from "../config/yamlFile.ts";
import type { Place } from "../manifest/definitions.ts";
import { hoverText, variableHover } from "../manifest/hoverText.ts";
import { callAt, isBare, jinjaCalls } from "../manifest/jinjaCalls.ts";
import type { ManifestIndex } from "../manifest/manifestIndex.ts";
import { nodeDetail } from "../manifest/nodeDetail.ts";
import type { ProjectManifest } from "../manifest/projectManifest.ts";
import { referencesTo } from "../manifest/references.ts";
import { type Meaning, macros, meaningOf, sourceTables } from "../manifest/resolveCall.ts";
import { jinjaBlocks } from "../manifest/jinjaBlocks.ts";
import { yamlPlaces } from "../manifest/yamlPlaces.ts";
import { pathKey } from "../platform/paths.ts";
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
        if (!spot || !found) return null;
        const { markdownHovers: markdown } = context.client;
        const kind = markdown ? MarkupKind.Markdown : MarkupKind.PlainText;
        const range = {
          start: spot.document.positionAt(found.start),
          end: spot.document.positionAt(found.end),
        };
        if (found.meaning.kind === "var") {
          const { name } = found.meaning;
          const value = variableHover(
            name,
            variableOf(spot.project.config.vars, spot.packageName, name)?.value,
            { markdown },
          );
          return { contents: { kind, value }, range };
        }
        const [facts] = found.meaning.nodes;
        if (!facts) return null;
        const detail = await nodeDetail(spot.index, facts, spot.manifest.lastRun(facts.id), definitions);
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
  if (!spot.isYaml) return blockMeaning(spot, text);
  return isProjectFile(spot) ? variableMeaning(spot, text) : yamlMeaning(spot, text);
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
function yamlMeaning(spot: Spot, text: string): Found | null {
  const { index, document, offset, packageName, filePath } = spot;
  const position = document.positionAt(offset);
  const place = yamlPlaces(text).find(
    ({ line, character, endCharacter }) =>
      line === position.line && position.character >= character && position.character <= endCharacter,
  );
  if (!place) return testedMeaning(spot, text);
  const start = document.offsetAt({ line: place.line, character: place.character });
  const found = (nodes: ReturnType<ManifestIndex["named"]>): Found | null =>
    nodes.length > 0
      ? { meaning: { kind: "nodes", nodes }, start, end: start + place.endCharacter - place.character }
      : null;
  if (place.kind === "source") return found(sourceTables(index, place.name));
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

/** The model that a unit test is of: `model: orders`. */
function testedMeaning({ index, document, offset }: Spot, text: string): Found | null {
  const lineStart = document.offsetAt({ line: document.positionAt(offset).line, character: 0 });
  const written = /^\s*(?:-\s+)?model:\s*["']?(\w+)/.exec(text.slice(lineStart).split("\n", 1)[0] ?? "");
  if (!written) return null;
  const [all, name = ""] = written;
  const end = lineStart + all.length;
  const nodes = index.named(name).filter(({ type }) => type === "model");
  const isAt = offset >= end - name.length && offset <= end;
  return isAt && nodes.length > 0
    ? { meaning: { kind: "nodes", nodes }, start: end - name.length, end }
    : null;
}

/** The key of a variable in dbt_project.yml. */
function variableMeaning({ project, document, offset }: Spot, text: string): Found | null {
  const yaml = parseYaml(projectFile(project), text);
  for (const keys of variablePaths(project.config.vars)) {
    const name = keys.at(-1) ?? "";
    const range = yaml.rangeOfKey(keys);
    const [start, end] = [document.offsetAt(range.start), document.offsetAt(range.end)];
    // Where the key is gone, the range is that of the one above it.
    if (offset < start || offset > end || !text.slice(start, end).includes(name)) continue;
    return { meaning: { kind: "var", name }, start, end };
  }
  return null;
}

async function placesOf(context: ServerContext, spot: Spot, meaning: Meaning): Promise<Place[]> {
  if (meaning.kind === "var") return await placeOfVariable(context, spot, meaning.name);
  const places = await Promise.all(meaning.nodes.map((facts) => context.definitions.of(spot.index, facts)));
  return places.filter((place) => place !== null);
}

async function placeOfVariable({ definitions }: ServerContext, spot: Spot, name: string): Promise<Place[]> {
  const variable = variableOf(spot.project.config.vars, spot.packageName, name);
  if (!variable) return [];
  const filePath = projectFile(spot.project);
  const { start, end } = parseYaml(filePath, await definitions.textFrom(filePath)).rangeOfKey(variable.keys);
  return [{ filePath, line: start.line, character: start.character, endCharacter: end.character }];
}

const projectFile = ({ dir }: Project): string => path.join(dir, "dbt_project.yml");

const isProjectFile = ({ project, filePath }: Spot): boolean =>
  pathKey(filePath) === pathKey(projectFile(project));

export function locationOf({ filePath, line, character, endCharacter }: Place): Location {
  const start: Position = { line, character };
  return { uri: uriOfPath(filePath), range: { start, end: { line, character: endCharacter } } };
}
