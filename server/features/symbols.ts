import { type DocumentSymbol, SymbolKind, type WorkspaceSymbol } from "vscode-languageserver/node";
import * as z from "zod";
import type { ResourceType } from "../../protocol/manifest.ts";
import type { Place } from "../manifest/definitions.ts";
import { type FileSymbol, textSymbols, yamlSymbols } from "../manifest/documentSymbols.ts";
import type { ManifestIndex } from "../manifest/manifestIndex.ts";
import type { NodeFacts } from "../manifest/nodeFacts.ts";
import { pathOfUri, uriOfPath } from "../platform/uri.ts";
import type { Feature } from "./feature.ts";
import { manifestPatience } from "./manifestState.ts";
import { locationOf } from "./navigation.ts";

const kinds: Record<FileSymbol["kind"], SymbolKind> = {
  macro: SymbolKind.Function,
  cte: SymbolKind.Struct,
  doc: SymbolKind.String,
  snapshot: SymbolKind.Class,
  node: SymbolKind.Class,
  source: SymbolKind.Interface,
  column: SymbolKind.Field,
  test: SymbolKind.Event,
};
const kindsOfTypes: Partial<Record<ResourceType, SymbolKind>> = {
  source: SymbolKind.Interface,
  macro: SymbolKind.Function,
  doc: SymbolKind.String,
  test: SymbolKind.Event,
  unit_test: SymbolKind.Event,
};
/** In the order in which people look for them. */
const types: readonly ResourceType[] = [
  "model",
  "source",
  "seed",
  "snapshot",
  "macro",
  "exposure",
  "metric",
  "semantic_model",
  "doc",
  "analysis",
  "test",
  "unit_test",
];
const most = 200;

/** What a workspace symbol says of its node, for when its line is asked for. */
const symbolDataSchema = z.object({ projectDir: z.string(), uniqueId: z.string() });
type SymbolData = z.infer<typeof symbolDataSchema>;

const topOf = (filePath: string): Place => ({ filePath, line: 0, character: 0, endCharacter: 0 });

/** The outline of SQL, YAML and Markdown files of a project, and its nodes by name. */
export const symbols: Feature = {
  readsOnly: true,
  capabilities: ({ resolvesSymbols }) => ({
    documentSymbolProvider: { label: "Floe dbt" },
    workspaceSymbolProvider: { resolveProvider: resolvesSymbols },
  }),
  register({ client, connection, guard, documents, projects, manifests, definitions }) {
    connection.onDocumentSymbol(
      guard.passive("Outlining the file", async ({ textDocument }) => {
        const file = documents.ofUri(textDocument.uri);
        if (!file || !(await projects.of(file.filePath))) return null;
        const text = file.document.getText();
        const found = /\.ya?ml$/i.test(file.filePath)
          ? yamlSymbols(text)
          : textSymbols(text, (offset) => file.document.positionAt(offset));
        return found.map(toSymbol);
      }),
    );
    connection.onWorkspaceSymbol(
      guard.passive("Finding nodes", async ({ query }) => {
        await projects.settled();
        const found: WorkspaceSymbol[] = [];
        for (const manifest of manifests.all) {
          const index = await manifest.ready(manifestPatience);
          if (!index) continue;
          for (const facts of matching(index, query.trim().toLowerCase()).slice(0, most - found.length)) {
            const filePath = index.filePathOf(facts);
            if (filePath === null) continue;
            // The line where it is known already: many files are not read for a list. Clients that cannot ask for it
            // when one is chosen are told the top of the file.
            const place =
              definitions.known(index, facts) ?? (client.resolvesSymbols ? null : topOf(filePath));
            const data: SymbolData = { projectDir: manifest.project.dir, uniqueId: facts.id };
            found.push({
              name: facts.source === undefined ? facts.name : `${facts.source}.${facts.name}`,
              kind: kindsOfTypes[facts.type] ?? SymbolKind.Class,
              containerName: `${facts.type.replace("_", " ")}, ${facts.packageName}`,
              location: place ? locationOf(place) : { uri: uriOfPath(filePath) },
              data,
            });
          }
        }
        return found;
      }),
    );
    connection.onWorkspaceSymbolResolve(
      guard.command("Finding the line of a node", async (symbol) => {
        const { projectDir, uniqueId } = symbolDataSchema.parse(symbol.data);
        const index = await manifests.at(projectDir)?.ready(manifestPatience);
        const facts = index?.node(uniqueId);
        const place = index && facts && (await definitions.of(index, facts));
        return { ...symbol, location: locationOf(place ?? topOf(pathOfUri(symbol.location.uri) ?? "")) };
      }),
    );
  },
};

/** What has the letters of a query in their order; what holds the query as it is goes first. */
function matching(index: ManifestIndex, query: string): NodeFacts[] {
  const wanted = types
    .flatMap((type) => [...index.ofType(type)])
    .filter(({ packageName }) => !index.isInternal(packageName));
  if (query === "") return wanted;
  const letters = new RegExp(
    Array.from(query, (letter) => letter.replace(/[\^$.*+?()[\]{}|/\\-]/, "\\$&")).join(".*?"),
  );
  const ranked = wanted.flatMap((facts) => {
    const name = `${facts.source ?? ""}.${facts.name}`.toLowerCase();
    if (!letters.test(name)) return [];
    return [{ facts, rank: facts.name.toLowerCase().startsWith(query) ? 0 : name.includes(query) ? 1 : 2 }];
  });
  return ranked.sort((a, b) => a.rank - b.rank).map(({ facts }) => facts);
}

function toSymbol({
  name,
  detail,
  kind,
  start,
  end,
  nameStart,
  nameEnd,
  children,
}: FileSymbol): DocumentSymbol {
  return {
    name,
    detail,
    kind: kinds[kind],
    range: { start, end },
    selectionRange: { start: nameStart, end: nameEnd },
    children: children.map(toSymbol),
  };
}
