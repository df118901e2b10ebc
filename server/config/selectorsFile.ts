import path from "node:path";
import * as z from "zod";
import type { ConfigProblem } from "./configProblem.ts";
import type { ConfigReader } from "./configReader.ts";
import { problemAt, problemAtKey } from "./problemAt.ts";
import { checkValue, isRecord } from "./schemaProblems.ts";

/** A selection that selectors.yml gives a name. */
export interface NamedSelector {
  name: string;
  /** "" where the file has none. */
  description: string;
}

const selectorSchema = z.looseObject({
  name: z.string(),
  description: z.string().nullish(),
  definition: z
    .unknown()
    .refine((value) => value != null, "must be a selection: a text, or methods and unions"),
});

/** Names of selectors.yml, and the mistakes in it. A selector that is wrong costs itself, not its neighbours. */
export async function readSelectors(
  reader: ConfigReader,
  projectDir: string,
): Promise<{ selectors: NamedSelector[]; problems: ConfigProblem[] }> {
  const file = await reader.read(path.join(projectDir, "selectors.yml"));
  const problems = [...(file?.problems ?? [])];
  if (file?.value == null) return { selectors: [], problems };
  const list = isRecord(file.value) ? file.value["selectors"] : undefined;
  if (!Array.isArray(list)) {
    const message = 'This file must be a mapping with a list of "selectors".';
    if (!file.broken) problems.push(problemAtKey(file, ["selectors"], "invalid-selectors", message));
    return { selectors: [], problems };
  }
  const selectors = new Map<string, NamedSelector>();
  for (const [index, item] of (list as unknown[]).entries()) {
    const at = ["selectors", index];
    const checked = checkValue(selectorSchema, file, at, item);
    // Much of what looks wrong in a file that does not parse is there only because it does not.
    if (!file.broken) problems.push(...checked.problems);
    if (!checked.value) continue;
    const { name, description } = checked.value;
    if (selectors.has(name)) {
      const message = `There are two selectors "${name}": dbt allows one.`;
      problems.push(problemAt(file, [...at, "name"], "invalid-selectors", message));
    }
    selectors.set(name, { name, description: description ?? "" });
  }
  return { selectors: [...selectors.values()], problems };
}
