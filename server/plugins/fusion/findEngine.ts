import { realpath } from "node:fs/promises";
import { enginePlaces, type EnginePlacesInput } from "./enginePlaces.ts";
import type { EngineFacts, ProbeEngine } from "./probeEngine.ts";
import { exists } from "../../platform/exists.ts";

/** One line of the numbered search, for the doctor. */
export interface EngineSearchStep {
  place: string;
  found: string | null;
  chosen: boolean;
}

export interface FoundEngine {
  searched: EngineSearchStep[];
  facts: EngineFacts | null;
  /** Where it was found: "2. /x/.venv/bin". */
  place: string | null;
  /** Set where a binary was named and is none; nothing else was looked for then. */
  explicitFailure?: { by: string; dbt: string; why: string };
}

/** A binary that somebody named: taken as it is, or an error; never silently passed over. */
export interface ExplicitEngine {
  dbt: string;
  /** Who named it: "setting floeDbt.fusion.path". */
  by: string;
}

/** The first binary that is a dbt v2 engine. Later places are not even asked. */
export async function findEngine(
  explicit: ExplicitEngine | null,
  places: EnginePlacesInput,
  probe: ProbeEngine,
  signal?: AbortSignal,
): Promise<FoundEngine> {
  if (explicit) {
    const place = `1. ${explicit.by}`;
    const facts = await probe(explicit.dbt, signal);
    if ("failure" in facts) {
      return {
        searched: [{ place, found: `${explicit.dbt} ${facts.failure}`, chosen: false }],
        facts: null,
        place: null,
        explicitFailure: { ...explicit, why: facts.failure },
      };
    }
    return { searched: [{ place, found: inWords(facts), chosen: true }], facts, place };
  }

  const searched: EngineSearchStep[] = [{ place: "1. Setting or manifest.yaml", found: null, chosen: false }];
  const seen = new Set<string>();
  for (const place of enginePlaces(places)) {
    const step: EngineSearchStep = { place: place.label, found: null, chosen: false };
    if (searched.some((each) => each.place === place.label)) continue;
    searched.push(step);
    for (const file of place.files) {
      if (!(await exists(file))) continue;
      const real = await realpath(file).catch(() => file);
      if (seen.has(real)) continue;
      seen.add(real);
      const facts = await probe(file, signal);
      if ("failure" in facts) {
        step.found ??= `${file} ${facts.failure}`;
        continue;
      }
      step.found = inWords(facts);
      step.chosen = true;
      return { searched, facts, place: place.label };
    }
  }
  return { searched, facts: null, place: null };
}

const inWords = ({ dbt, distribution, version }: EngineFacts): string =>
  `${dbt} (${distribution} ${version})`;
