import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";
import { createOnigScanner, createOnigString, loadWASM } from "vscode-oniguruma";
import { INITIAL, parseRawGrammar, Registry, type IGrammar } from "vscode-textmate";
import * as z from "zod";
import { repoDir } from "../../harness/environment.ts";

/** The part of package.json that says which grammars there are, and where they are injected. */
const contributed = z
  .object({
    contributes: z.object({
      grammars: z.array(
        z.object({ scopeName: z.string(), path: z.string(), injectTo: z.array(z.string()).optional() }),
      ),
    }),
  })
  .parse(JSON.parse(readFileSync(path.join(repoDir, "package.json"), "utf8"))).contributes.grammars;

const bases: Record<string, string> = {
  "source.sql": "base-sql",
  "source.yaml": "base-yaml",
  "text.html.markdown": "base-markdown",
};

/** The product's grammars, injected as the editor does it, over small base grammars of our own. */
export async function grammarOf(scopeName: string): Promise<IGrammar> {
  const wasm = createRequire(import.meta.url).resolve("vscode-oniguruma/release/onig.wasm");
  await (loaded ??= loadWASM(readFileSync(wasm).buffer));
  const registry = new Registry({
    onigLib: Promise.resolve({ createOnigScanner, createOnigString }),
    loadGrammar: (scope) => {
      const base = bases[scope];
      const own = contributed.find((grammar) => grammar.scopeName === scope);
      const file = base
        ? path.join(import.meta.dirname, "fixtures", `${base}.tmLanguage.json`)
        : own && path.join(repoDir, own.path);
      return Promise.resolve(file ? parseRawGrammar(readFileSync(file, "utf8"), file) : null);
    },
    // As the editor: what is injected into "source.sql" is injected into "source.sql.dbt", too.
    getInjections: (scope) =>
      contributed
        .filter(({ injectTo = [] }) =>
          injectTo.some((target) => scope === target || scope.startsWith(`${target}.`)),
        )
        .map((grammar) => grammar.scopeName),
  });
  const grammar = await registry.loadGrammar(scopeName);
  if (!grammar) throw new Error(`There is no grammar ${scopeName}.`);
  return grammar;
}
let loaded: Promise<void> | undefined;

/** Every token that is not blank, one a line: its text and its scopes, without the root's. */
export function describeTokens(grammar: IGrammar, text: string): string {
  let stack = INITIAL;
  const described: string[] = [];
  for (const line of text.split("\n")) {
    const { tokens, ruleStack } = grammar.tokenizeLine(line, stack);
    stack = ruleStack;
    described.push(`> ${line}`);
    for (const { startIndex, endIndex, scopes } of tokens) {
      const piece = line.slice(startIndex, endIndex);
      if (piece.trim() !== "")
        described.push(`  ${piece.trim().padEnd(16)} ${scopes.slice(1).join(" ") || "-"}`);
    }
  }
  return described.join("\n");
}

/** The scopes of the first token that begins with `piece`. */
export function scopesOf(grammar: IGrammar, text: string, piece: string): string[] {
  let stack = INITIAL;
  for (const line of text.split("\n")) {
    const { tokens, ruleStack } = grammar.tokenizeLine(line, stack);
    stack = ruleStack;
    const token = tokens.find(({ startIndex, endIndex }) =>
      line.slice(startIndex, endIndex).trim().startsWith(piece),
    );
    if (token) return token.scopes;
  }
  throw new Error(`No token begins with ${piece}.`);
}
