import { ctesOf } from "../sql/ctes.ts";
import { jinjaBlocks } from "./jinjaBlocks.ts";
import { yamlPlaces } from "./yamlPlaces.ts";

/** Something a file holds, for the outline. Offsets for SQL and Markdown; lines for YAML. */
export interface FileSymbol {
  name: string;
  detail: string;
  kind: "macro" | "cte" | "doc" | "snapshot" | "node" | "source" | "column" | "test";
  start: { line: number; character: number };
  end: { line: number; character: number };
  nameEnd: { line: number; character: number };
  nameStart: { line: number; character: number };
  children: FileSymbol[];
}

/** Macros, docs blocks, snapshots and common table expressions of a file with Jinja. */
export function textSymbols(text: string, positionAt: (offset: number) => FileSymbol["start"]): FileSymbol[] {
  const blocks = jinjaBlocks(text).map(({ kind, name, nameStart, start, end }) => ({
    name,
    detail: kind === "docs" ? "docs block" : kind.replace("_", " "),
    kind:
      kind === "docs" ? ("doc" as const) : kind === "snapshot" ? ("snapshot" as const) : ("macro" as const),
    start,
    end,
    nameStart,
    nameEnd: nameStart + name.length,
  }));
  const ctes = ctesOf(text).map(({ name, start, end }) => ({
    name,
    detail: "common table expression",
    kind: "cte" as const,
    start,
    end,
    nameStart: start,
    nameEnd: start + name.length,
  }));
  const roots: FileSymbol[] = [];
  const open: { end: number; symbol: FileSymbol }[] = [];
  for (const each of [...blocks, ...ctes].sort((a, b) => a.start - b.start || b.end - a.end)) {
    const symbol: FileSymbol = {
      name: each.name,
      detail: each.detail,
      kind: each.kind,
      start: positionAt(each.start),
      end: positionAt(each.end),
      nameStart: positionAt(each.nameStart),
      nameEnd: positionAt(each.nameEnd),
      children: [],
    };
    while (open.length > 0 && (open.at(-1)?.end ?? 0) < each.end) open.pop();
    (open.at(-1)?.symbol.children ?? roots).push(symbol);
    open.push({ end: each.end, symbol });
  }
  return roots;
}

/** Nodes, sources, columns and tests of a YAML file. */
export function yamlSymbols(text: string): FileSymbol[] {
  const roots: FileSymbol[] = [];
  const owners = new Map<string, FileSymbol>();
  for (const place of yamlPlaces(text)) {
    const { kind, section, name, owner, column } = place;
    const nameStart = { line: place.line, character: place.character };
    const nameEnd = { line: place.line, character: place.endCharacter };
    const lastLine = Math.max(place.line, place.lastLine);
    const symbol: FileSymbol = {
      name,
      detail: kind === "node" ? section.replace(/s$/, "").replace("_", " ") : kind.replace("_", " "),
      kind: kind === "table" || kind === "source" ? "source" : kind === "unit_test" ? "test" : kind,
      start: nameStart,
      end: lastLine > place.line ? { line: lastLine, character: 10_000 } : nameEnd,
      nameStart,
      nameEnd,
      children: [],
    };
    const own = `${section}/${owner === undefined ? name : kind === "table" ? `${owner}.${name}` : `${owner}/${name}`}`;
    const above =
      kind === "test" && column !== undefined
        ? `${section}/${owner ?? ""}/${column}`
        : `${section}/${owner ?? ""}`;
    const parent = owner === undefined || kind === "unit_test" ? undefined : owners.get(above);
    (parent?.children ?? roots).push(symbol);
    if (kind !== "test" && kind !== "unit_test") owners.set(own, symbol);
  }
  return roots;
}
