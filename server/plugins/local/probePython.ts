import { stat } from "node:fs/promises";
import * as z from "zod";
import { parseJson } from "../../../protocol/json.ts";
import type { Log } from "../../platform/log.ts";
import { runToEnd } from "../../platform/process.ts";

/** What one Python is and has. */
export interface PythonFacts {
  /** The interpreter itself, behind shims and launchers (`sys.executable`). Absolute. */
  python: string;
  /**
   * "python", and of "dbt-core", "dbt-<adapter>", "sqlfluff", "sqlfluff-templater-dbt", "sqlfluffrs" those that are
   * installed, with their versions.
   */
  versions: Record<string, string>;
}

export type Probe = (python: string, signal?: AbortSignal) => Promise<PythonFacts | { failure: string }>;

const probeSeconds = 10;

const factsSchema = z.object({
  python: z.string().min(1),
  sitePackages: z.string(),
  versions: z.record(z.string(), z.string()),
});

/** Reads installed metadata only; imports nothing of dbt. Runs on any Python 3, also one too old for us. */
const script = `
import json, sys, sysconfig
versions = {"python": "%d.%d.%d" % sys.version_info[:3]}
try:
    from importlib.metadata import distributions
    for d in distributions():
        name = (d.metadata["Name"] or "").lower().replace("_", "-")
        if name in ("dbt", "sqlfluff", "sqlfluff-templater-dbt", "sqlfluffrs") or name.startswith("dbt-"):
            versions.setdefault(name, d.version)
except ImportError:
    pass
print("\\n" + json.dumps({"python": sys.executable, "sitePackages": sysconfig.get_paths()["purelib"], "versions": versions}))
`;

/**
 * One short process per interpreter, at most 10 s, remembered until its site-packages change.
 * @returns a function that never throws: a Python that does not run is a failure in words
 */
export function createProbe(deps: { log: Log; env: NodeJS.ProcessEnv }): Probe {
  interface Known {
    facts: PythonFacts;
    sitePackages: string;
    changed: number;
  }
  const known = new Map<string, Known>();

  return async (python, signal) => {
    const before = known.get(python);
    if (before && (await changeTime(before.sitePackages)) === before.changed) return before.facts;
    known.delete(python);

    const outcome = await runToEnd(
      { file: python, args: ["-c", script], env: deps.env, label: `${python} (what is installed)` },
      { log: deps.log, timeLimitSeconds: probeSeconds, signal },
    );
    if (outcome.ended === "timeLimit") return { failure: `did not answer within ${probeSeconds} s` };
    if (outcome.ended === "notStarted") return { failure: "cannot be started" };
    if (outcome.ended === "cancelled") return { failure: "the search was cancelled" };
    if (outcome.exitCode !== 0) {
      return { failure: `ends with exit code ${outcome.exitCode ?? "?"}: ${lastLine(outcome.stderr)}` };
    }
    const facts = factsSchema.safeParse(parseJson(lastLine(outcome.stdout)));
    if (!facts.success) return { failure: "is not a Python 3" };
    const found = { python: facts.data.python, versions: facts.data.versions };
    const { sitePackages } = facts.data;
    known.set(python, { facts: found, sitePackages, changed: await changeTime(sitePackages) });
    return found;
  };
}

async function changeTime(folder: string): Promise<number> {
  try {
    return (await stat(folder)).mtimeMs;
  } catch {
    return 0;
  }
}

const lastLine = (text: string): string => text.trimEnd().split(/\r?\n/).at(-1) ?? "";
