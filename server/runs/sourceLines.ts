import { diffArrays } from "diff";

/** Beyond so many changed lines a closer look costs more than it saves: the middle is then one gap. */
const maxChangedLines = 1000;
/** A gap of more pairs of lines than this is searched around the last match only. */
const maxPairs = 250_000;
const windowLines = 60;

/** What stands for a Jinja tag in a line of a template. */
const tag = "\u0000";

interface TemplateLine {
  index: number;
  /** Text around the tags, white space collapsed; one part for a line without tags. */
  literals: string[];
  /** An expression `{{ }}` touches the line: it may become any text, also of many lines. */
  writes: boolean;
}

/**
 * Where each line of compiled SQL comes from: for each line of `compiled` the line of `source`, both from 0; -1 where there
 * is none (a blank line). dbt keeps no such map, so it is found by comparing: lines without Jinja stay as they are, a line
 * with Jinja keeps the text around its tags, and what is left is the work of the nearest expression.
 */
export function sourceLines(source: string, compiled: string): number[] {
  const template = templateLines(source);
  const written = template.filter(({ literals, writes }) => writes || literals.some((text) => text !== ""));
  const texts = compiled.split(/\r\n|\n|\r/).map(collapsed);
  const lines = texts.flatMap((text, index) => (text === "" ? [] : [{ text, index }]));
  const found = new Array<number>(texts.length).fill(-1);

  for (const gap of align(
    written.map((line) => (line.literals.length === 1 ? (line.literals[0] ?? "") : `${tag}${line.index}`)),
    lines.map(({ text }) => text),
  )) {
    if (gap.same) {
      for (let step = 0; step < gap.toCompiled - gap.fromCompiled; step += 1) {
        found[lines[gap.fromCompiled + step]?.index ?? 0] = written[gap.fromSource + step]?.index ?? -1;
      }
    } else {
      matchGap(
        written.slice(gap.fromSource, gap.toSource),
        lines.slice(gap.fromCompiled, gap.toCompiled),
        found,
        written[gap.fromSource - 1]?.index ?? written[gap.toSource]?.index ?? -1,
      );
    }
  }
  texts.forEach((text, index) => {
    const above = found[index - 1] ?? -1;
    const isBlankThere = template[above + 1]?.literals.join("") === "" && !template[above + 1]?.writes;
    if (text === "" && above >= 0 && isBlankThere) found[index] = above + 1;
  });
  return found;
}

/** The template's lines, with each Jinja tag, which may span many, taken out. */
function templateLines(source: string): TemplateLine[] {
  const writes = new Set<number>();
  let line = 0;
  const masked = source
    .replace(/\r\n|\r/g, "\n")
    .split(/(\{\{[\s\S]*?\}\}|\{%[\s\S]*?%\}|\{#[\s\S]*?#\})/)
    .map((part, index) => {
      const breaks = part.split("\n").length - 1;
      if (index % 2 === 1 && part.startsWith("{{")) {
        for (let each = line; each <= line + breaks; each += 1) writes.add(each);
      }
      line += breaks;
      return index % 2 === 1 ? part.replace(/[^\n]+/g, tag) : part;
    })
    .join("");
  return masked.split("\n").map((text, index) => ({
    index,
    literals: text.split(tag).map(collapsed),
    writes: writes.has(index),
  }));
}

const collapsed = (text: string): string => text.replace(/\s+/g, " ").trim();

interface Gap {
  same: boolean;
  fromSource: number;
  toSource: number;
  fromCompiled: number;
  toCompiled: number;
}

/** Runs of equal lines, and the gaps between them. */
function align(source: string[], compiled: string[]): Gap[] {
  const changes = diffArrays(source, compiled, { maxEditLength: maxChangedLines }) ?? [
    { value: source, removed: true, added: false },
    { value: compiled, removed: false, added: true },
  ];
  const gaps: Gap[] = [];
  let [inSource, inCompiled] = [0, 0];
  for (const { value, added, removed } of changes) {
    const same = !added && !removed;
    const last = gaps.at(-1);
    const gap =
      last && !last.same && !same
        ? last
        : {
            same,
            fromSource: inSource,
            toSource: inSource,
            fromCompiled: inCompiled,
            toCompiled: inCompiled,
          };
    if (gap !== last) gaps.push(gap);
    if (!added) inSource += value.length;
    if (!removed) inCompiled += value.length;
    gap.toSource = inSource;
    gap.toCompiled = inCompiled;
  }
  return gaps;
}

/** @param before source line of the text that goes before the gap */
function matchGap(
  source: readonly TemplateLine[],
  compiled: readonly { text: string; index: number }[],
  found: number[],
  before: number,
): void {
  const isLarge = source.length * compiled.length > maxPairs;
  let last = -1;
  for (const { text, index } of compiled) {
    const from = isLarge ? Math.max(0, last - windowLines) : 0;
    const to = isLarge ? Math.min(source.length, last + windowLines) : source.length;
    let best = { at: -1, score: 0 };
    for (let at = from; at < to; at += 1) {
      const score = likeness(source[at], text);
      // Of equal ones the next in order; a loop's lines come again from its start.
      const isBetter =
        score > best.score || (score === best.score && score > 0 && best.at <= last && at > last);
      if (isBetter) best = { at, score };
    }
    if (best.at === -1) {
      const next = source.findIndex((line, at) => at >= Math.max(0, last) && line.writes);
      if (next !== -1) last = next;
    } else {
      last = best.at;
    }
    found[index] = source[last]?.index ?? before;
  }
}

/** How much of a compiled line is the text around a template line's tags; 0: it cannot come from there. */
function likeness(line: TemplateLine | undefined, text: string): number {
  if (!line) return 0;
  const { literals, writes } = line;
  if (literals.length === 1 && !writes) return literals[0] === text ? text.length * 2 : 0;
  const size = literals.reduce((sum, literal) => sum + literal.length, 0);
  if (size === 0) return 0;
  const first = literals[0] ?? "";
  const end = literals.at(-1) ?? "";
  if (text.startsWith(first) && text.endsWith(end) && inOrder(literals, text)) return size + 1;
  if (!writes) return 0;
  // An expression that became many lines leaves its line's beginning on the first and its end on the last.
  if (first.length > 2 && text.startsWith(first)) return first.length / 2;
  return end.length > 2 && text.endsWith(end) ? end.length / 2 : 0;
}

function inOrder(literals: readonly string[], text: string): boolean {
  let from = 0;
  return literals.every((literal) => {
    const at = text.indexOf(literal, from);
    from = at + literal.length;
    return at !== -1;
  });
}
