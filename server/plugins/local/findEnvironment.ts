import { pythonPlaces, type PlacesInput } from "./pythonPlaces.ts";
import type { Probe, PythonFacts } from "./probePython.ts";
import { exists } from "../../platform/exists.ts";

/** One line of the numbered search, for the doctor. */
export interface SearchStep {
  place: string;
  /** What was found there, with what it has, or null. */
  found: string | null;
  /** The interpreter that runs there. */
  python?: string;
  chosen: boolean;
}

export interface FoundEnvironment {
  searched: SearchStep[];
  /** The chosen Python, or null where none runs. */
  facts: PythonFacts | null;
  /** Where it was found: "3. /x/.venv". */
  place: string | null;
  /** Set where a Python was named explicitly and does not run; nothing else was looked for then. */
  explicitFailure?: { place: string; python: string; why: string };
}

/** A Python that somebody named: taken as it is, or an error; never silently passed over. */
export interface ExplicitPython {
  python: string;
  /** Who named it: "setting floeDbt.python.path". */
  by: string;
}

/**
 * The first Python that has dbt-core, else the first that has SQLFluff, else the first that runs. The search stops at the
 * first with dbt-core, so later places are not even asked.
 */
export async function findEnvironment(
  explicit: ExplicitPython | null,
  places: PlacesInput,
  probe: Probe,
): Promise<FoundEnvironment> {
  if (explicit) return explicitEnvironment(explicit, probe, places.signal);

  const searched: SearchStep[] = [{ place: "1. Setting or manifest.yaml", found: null, chosen: false }];
  const candidates: { facts: PythonFacts; step: SearchStep }[] = [];
  const seen = new Set<string>();
  for (const place of pythonPlaces(places)) {
    const step: SearchStep = { place: place.label, found: null, chosen: false };
    searched.push(step);
    for (const python of await place.find()) {
      const facts = await probe(python, places.signal);
      if ("failure" in facts) {
        step.found ??= `${python} ${facts.failure}`;
        continue;
      }
      step.found = `${facts.python} (${inWords(facts.versions)})`;
      step.python = facts.python;
      if (!seen.has(facts.python)) candidates.push({ facts, step });
      seen.add(facts.python);
      break;
    }
    if (candidates.at(-1)?.facts.versions["dbt-core"] !== undefined) break;
  }
  const having = (name: string) => candidates.find(({ facts }) => name in facts.versions);
  const chosen = having("dbt-core") ?? having("sqlfluff") ?? candidates[0];
  if (!chosen) return { searched, facts: null, place: null };
  chosen.step.chosen = true;
  return { searched, facts: chosen.facts, place: chosen.step.place };
}

async function explicitEnvironment(
  { python, by }: ExplicitPython,
  probe: Probe,
  signal: AbortSignal | undefined,
): Promise<FoundEnvironment> {
  const place = `1. ${by}`;
  const there = await exists(python);
  const facts = there ? await probe(python, signal) : { failure: "does not exist" };
  if ("failure" in facts) {
    return {
      searched: [{ place, found: `${python} ${facts.failure}`, chosen: false }],
      facts: null,
      place: null,
      explicitFailure: { place: by, python, why: facts.failure },
    };
  }
  const found = `${facts.python} (${inWords(facts.versions)})`;
  return { searched: [{ place, found, python: facts.python, chosen: true }], facts, place };
}

function inWords(versions: Record<string, string>): string {
  return Object.entries(versions)
    .filter(([name]) => ["python", "dbt-core", "sqlfluff"].includes(name))
    .map(([name, version]) => `${name} ${version}`)
    .join(", ");
}
