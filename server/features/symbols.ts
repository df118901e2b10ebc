import { type DocumentSymbol, type SymbolInformation, SymbolKind } from "vscode-languageserver/node";
import type { ResourceType } from "../../protocol/manifest.ts";
import { type FileSymbol, textSymbols, yamlSymbols } from "../manifest/documentSymbols.ts";
import type { ManifestIndex } from "../manifest/manifestIndex.ts";
import type { NodeFacts } from "../manifest/nodeFacts.ts";
import { uriOfPath } from "../platform/uri.ts";
import type { Feature } from "./feature.ts";
import { manifestPatience } from "./manifestState.ts";

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

/** The outline of SQL, YAML and Markdown files of a project, and its nodes by name. */
export const symbols: Feature = {
  readsOnly: true,
  capabilities: () => ({ documentSymbolProvider: { label: "Floe dbt" }, workspaceSymbolProvider: true }),
  register({ connection, guard, documents, projects, manifests, definitions }) {
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
        const found: SymbolInformation[] = [];
        for (const manifest of manifests.all) {
          const index = await manifest.ready(manifestPatience);
          if (!index) continue;
          for (const facts of matching(index, query.trim().toLowerCase()).slice(0, most - found.length)) {
            const filePath = index.filePathOf(facts);
            if (filePath === null) continue;
            // The line where it is known already; else the top of the file, rather than reading many files for a list.
            const place = definitions.known(index, facts) ?? { line: 0, character: 0, endCharacter: 0 };
            const start = { line: place.line, character: place.character };
            found.push({
              name: facts.source === undefined ? facts.name : `${facts.source}.${facts.name}`,
              kind: kindsOfTypes[facts.type] ?? SymbolKind.Class,
              containerName: `${facts.type.replace("_", " ")}, ${facts.packageName}`,
              location: {
                uri: uriOfPath(filePath),
                range: { start, end: { ...start, character: place.endCharacter } },
              },
            });
          }
        }
        return found;
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
