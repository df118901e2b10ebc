import { stat } from "node:fs/promises";
import type { Log } from "../../platform/log.ts";
import { runToEnd } from "../../platform/process.ts";
import { plain } from "./engineMessage.ts";

/** What one binary is and can, as it says itself. */
export interface EngineFacts {
  dbt: string;
  version: string;
  /** "dbt Fusion", "dbt (Rust)": which of the engine's distributions. */
  distribution: string;
  features: ReadonlySet<EngineFeature>;
}

/** - lint, format: commands; - staticAnalysis, partialParse, partialLoad: options of parse and compile. */
export const engineFeatures = ["lint", "format", "staticAnalysis", "partialParse", "partialLoad"] as const;
export type EngineFeature = (typeof engineFeatures)[number];

export type ProbeEngine = (dbt: string, signal?: AbortSignal) => Promise<EngineFacts | { failure: string }>;

const mostCharacters = 20_000;

/**
 * Asks a program named dbt or dbtf for its version and its help, each within 10 s and 20 000 characters, and remembers the
 * answer until the file changes. What was too slow is asked once more: the first start of a program may be, on a busy machine.
 * @returns a function that never throws: what is no dbt v2 engine is a failure in words
 */
export function createEngineProbe(deps: {
  log: Log;
  env: NodeJS.ProcessEnv;
  /** Time for each answer; default 10 s. */
  limitSeconds?: number;
}): ProbeEngine {
  const limitSeconds = deps.limitSeconds ?? 10;
  const known = new Map<string, { facts: EngineFacts; stamp: string }>();

  async function ask(dbt: string, args: string[], signal: AbortSignal | undefined) {
    const first = await askOnce(dbt, args, signal);
    return first.ended === "timeLimit" && !signal?.aborted ? askOnce(dbt, args, signal) : first;
  }

  async function askOnce(dbt: string, args: string[], signal: AbortSignal | undefined) {
    let characters = 0;
    const tooMuch = new AbortController();
    const stop = signal ? AbortSignal.any([signal, tooMuch.signal]) : tooMuch.signal;
    const outcome = await runToEnd(
      {
        file: dbt,
        args,
        env: { ...deps.env, RUST_BACKTRACE: "0", NO_COLOR: "1", DBT_DISABLE_VERSION_CHECK: "1" },
      },
      {
        log: deps.log,
        signal: stop,
        timeLimitSeconds: limitSeconds,
        keep: mostCharacters,
        onLine: (line) => {
          characters += line.length;
          if (characters > mostCharacters * 5) tooMuch.abort();
        },
      },
    );
    return {
      ...outcome,
      tooMuch: tooMuch.signal.aborted,
      text: plain(`${outcome.stdout}\n${outcome.stderr}`),
    };
  }

  async function probe(dbt: string, signal?: AbortSignal): Promise<EngineFacts | { failure: string }> {
    const file = await stat(dbt).catch(() => null);
    if (!file) return { failure: "does not exist" };
    if (file.isDirectory()) return { failure: "is a folder" };
    const stamp = `${file.mtimeMs} ${file.size} ${file.ino}`;
    const before = known.get(dbt);
    if (before?.stamp === stamp) return before.facts;
    known.delete(dbt);

    const version = await ask(dbt, ["--version"], signal);
    if (version.tooMuch) return { failure: "prints without end when asked for its version" };
    if (version.ended === "timeLimit") return { failure: `did not answer within ${limitSeconds} s, twice` };
    if (version.ended === "notStarted") return { failure: "cannot be started (is it executable?)" };
    if (version.ended === "cancelled") return { failure: "the search was cancelled" };
    const said = whatItIs(version.text);
    if ("failure" in said) return said;

    const [help, parse] = await Promise.all([
      ask(dbt, ["--help"], signal),
      ask(dbt, ["parse", "--help"], signal),
    ]);
    const features = new Set<EngineFeature>();
    for (const verb of ["lint", "format"] as const) {
      if (new RegExp(`^\\s+${verb}\\s`, "m").test(help.text)) features.add(verb);
    }
    if (parse.text.includes("--static-analysis")) features.add("staticAnalysis");
    // Options that the help does not list are refused before the help is shown, if they are not known.
    const [parses, loads] = await Promise.all([
      ask(dbt, ["parse", "--partial-parse", "--help"], signal),
      ask(dbt, ["parse", "--partial-load", "--help"], signal),
    ]);
    if (accepts(parses)) features.add("partialParse");
    if (accepts(parses) && accepts(loads)) features.add("partialLoad");
    if (signal?.aborted) return { failure: "the search was cancelled" };
    const facts = { dbt, ...said, features };
    // What did not answer in time may have more than it said.
    if ([help, parse, parses, loads].every(({ ended }) => ended !== "timeLimit"))
      known.set(dbt, { facts, stamp });
    return facts;
  }

  return probe;
}

const accepts = ({ exitCode, text }: { exitCode: number | null; text: string }): boolean =>
  exitCode === 0 && /usage/i.test(text);

/** dbt-core lists "Core:" and its plugins, the dbt Cloud CLI names itself; the engine says one line. */
export function whatItIs(said: string): { version: string; distribution: string } | { failure: string } {
  if (/dbt cloud cli/i.test(said)) return { failure: "is the dbt Cloud CLI, which compiles elsewhere" };
  if (/^\s*Core:\s*$/m.test(said) || /installed:\s*1\./.test(said)) {
    const version = /installed:\s*(\S+)/.exec(said)?.[1];
    return { failure: `is dbt-core${version ? ` ${version}` : ""}, not the dbt v2 engine` };
  }
  const [, name = "dbt", version] = /^\s*(dbt[\w-]*(?: [A-Za-z]+)?)\s+(\d+\.\d+\S*)/m.exec(said) ?? [];
  if (version === undefined) return { failure: "does not say the version of a dbt v2 engine" };
  if (Number(version.split(".")[0]) < 2) return { failure: `is ${name} ${version}, not the dbt v2 engine` };
  return { version, distribution: name };
}
