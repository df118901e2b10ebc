import type { SelectorSuggestion } from "../../protocol/manifest.ts";
import { firstLine } from "./plainText.ts";

/** One choice below a selector that is being typed. */
export interface SelectorItem {
  label: string;
  description: string;
  /** What the text becomes when it is chosen. */
  value: string;
  /** itself: what is typed; completion: the typing goes on with it; before: what was run once, as it was */
  kind: "itself" | "completion" | "before";
}

const icons: Record<SelectorSuggestion["kind"], string> = {
  node: "$(symbol-class)",
  tag: "$(tag)",
  path: "$(folder)",
  source: "$(database)",
  package: "$(package)",
  method: "$(symbol-keyword)",
  state: "$(git-compare)",
  group: "$(organization)",
  selector: "$(list-filter)",
  operator: "$(type-hierarchy)",
};

/**
 * What is offered for a selector: the text as it stands, then what could stand at its end, then what was run before.
 * @param history the latest first
 */
export function selectorItems(
  typed: string,
  suggestions: readonly SelectorSuggestion[],
  history: readonly string[],
): SelectorItem[] {
  const text = typed.trim();
  const completed = suggestions
    .map(({ from, to, text: inserted, detail, kind }) => ({
      label: `${icons[kind]} ${firstLine(inserted)}`,
      description: firstLine(detail, 80),
      value: typed.slice(0, from) + inserted + typed.slice(to),
      kind: "completion" as const,
    }))
    .filter(({ value }) => value !== typed);
  const before = history
    .filter((each) => each !== text && each.includes(text))
    .map((each) => ({
      label: `$(history) ${each}`,
      description: "run before",
      value: each,
      kind: "before" as const,
    }));
  const itself = {
    label: `$(play) ${text}`,
    description: "select this",
    value: text,
    kind: "itself" as const,
  };
  return text === "" ? [...before, ...completed] : [itself, ...completed, ...before];
}

/** @returns the history with `selector` in front, once, and not without end */
export function remembered(history: readonly string[], selector: string, most = 20): string[] {
  return [selector, ...history.filter((each) => each !== selector)].slice(0, most);
}
