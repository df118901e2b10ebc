import { type CompletionItem, CompletionItemKind, type CompletionList } from "vscode-languageserver/node";
import { variableNames } from "../config/projectVariables.ts";
import { type Completion, completions } from "../manifest/completions.ts";
import { isBare, spotAt } from "../manifest/jinjaCalls.ts";
import { cleanText, shortened } from "../manifest/plainMarkdown.ts";
import type { Feature } from "./feature.ts";
import { spotOf } from "./navigation.ts";

const kinds: Record<Completion["kind"], CompletionItemKind> = {
  node: CompletionItemKind.Struct,
  source: CompletionItemKind.Struct,
  macro: CompletionItemKind.Function,
  package: CompletionItemKind.Module,
  variable: CompletionItemKind.Variable,
  doc: CompletionItemKind.Text,
  builtin: CompletionItemKind.Keyword,
};

/** Names for ref, source, var, doc and metric, and macros; in SQL, YAML and Python. */
export const completion: Feature = {
  readsOnly: true,
  capabilities: () => ({ completionProvider: { triggerCharacters: ["'", '"', "(", "."] } }),
  register(context) {
    const { connection, guard } = context;
    connection.onCompletion(
      guard.passive("Completing", async (params): Promise<CompletionList | null> => {
        const at = await spotOf(context, params);
        if (!at) return null;
        const text = at.document.getText();
        const spot = spotAt(text, at.offset, { bare: isBare(at.filePath) });
        if (!spot) return null;
        const { vars } = at.project.config;
        const found = completions(at.index, spot, text.slice(spot.start, at.offset), {
          packageName: at.packageName,
          vars: variableNames(vars, at.packageName),
        });
        const quoted = spot.kind === "argument" ? "'" : "";
        // What is behind the cursor of the same name is replaced, up to the quote that closes it.
        const behind = spot.kind === "argument" ? 0 : (/^\w*/.exec(text.slice(at.offset))?.[0].length ?? 0);
        const range = {
          start: at.document.positionAt(spot.start),
          end: at.document.positionAt(at.offset + behind),
        };
        const items = found.items.map((item, rank): CompletionItem => {
          const quote =
            item.kind === "macro" || item.kind === "builtin" || spot.kind === "name" ? "" : quoted;
          return {
            label: item.label,
            kind: kinds[item.kind],
            detail: item.detail,
            ...(item.description !== "" && { documentation: cleanText(shortened(item.description, 1000)) }),
            sortText: String(rank).padStart(4, "0"),
            filterText: `${quote}${item.label}`,
            textEdit: { range, newText: `${quote}${item.insert ?? item.label}${quote}` },
          };
        });
        return { isIncomplete: found.isPartial, items };
      }),
    );
  },
};
