import { rm } from "node:fs/promises";
import type { Log } from "../../platform/log.ts";
import { runToEnd, type Command } from "../../platform/process.ts";
import type { Call } from "../dbtPlugin.ts";
import { DbtCancelledError, DbtEnvironmentError } from "../errors.ts";
import { adapterPackage, fitsVersion } from "./environmentProblems.ts";
import type { Probe } from "./probePython.ts";
import { inVirtualEnvironment, onPath } from "./pythonPlaces.ts";
import { exists } from "../../platform/exists.ts";

export interface EnvironmentWish {
  /** The virtual environment to make, or to complete where it is there: `<project>/.venv`. */
  folder: string;
  /** `type` of the profile's target; DuckDB, which needs no server, where it is not known. */
  adapterType: string | null;
  /** As manifest.yaml says it: "1.11", ">=1.8,<2". dbt 1.x where absent. */
  dbtVersion?: string | undefined;
  pythonVersion?: string | undefined;
}

export interface SetUpDeps {
  log: Log;
  env: NodeJS.ProcessEnv;
  probe: Probe;
}

/** How to make an environment and install into it: with uv where it is on PATH, else with venv and pip. */
interface Installer {
  make(): Promise<Command>;
  install(python: string, requirements: string[], options?: { wheelsOnly: boolean }): Command;
}

/**
 * Makes a virtual environment with dbt-core, the profile's adapter, SQLFluff and its dbt templater in the same version, and
 * SQLFluff's Rust parser where there is one for this machine.
 * What it did not make it never removes; what it made is removed again if it is cancelled or fails.
 * @returns the interpreter of the environment
 * @throws DbtEnvironmentError with the installer's own words, DbtCancelledError
 */
export async function setUpEnvironment(
  wish: EnvironmentWish,
  deps: SetUpDeps,
  call: Call,
): Promise<{ python: string }> {
  const wasThere = await exists(wish.folder);
  try {
    return await setUp(wish, deps, call);
  } catch (error) {
    if (!wasThere) await rm(wish.folder, { recursive: true, force: true, maxRetries: 10 });
    throw error;
  }
}

async function setUp(wish: EnvironmentWish, deps: SetUpDeps, call: Call): Promise<{ python: string }> {
  const total = 4;
  const step = (done: number, label: string): void =>
    call.onEvent?.({ type: "progress", done, total, label });
  const run = async (command: Command, what: string): Promise<void> => {
    const outcome = await runToEnd(command, {
      log: deps.log,
      signal: call.signal,
      timeLimitSeconds: 1800,
      onLine: (message) => call.onEvent?.({ type: "log", level: "info", message }),
    });
    if (outcome.ended === "cancelled")
      throw new DbtCancelledError("Setting up the environment was cancelled.");
    if (outcome.exitCode === 0) return;
    const words = installersWords(`${outcome.stdout}\n${outcome.stderr}`);
    throw new DbtEnvironmentError(`${what} failed: ${words || "see the log"}`);
  };

  const uv = await onPath("uv", deps.env);
  const installer = uv === null ? pipInstaller(wish, deps) : uvInstaller(uv, wish, deps);
  let [python] = await inVirtualEnvironment(wish.folder);
  if (python === undefined) {
    step(0, `Making ${wish.folder}`);
    await run(await installer.make(), "Making the virtual environment");
    [python] = await inVirtualEnvironment(wish.folder);
    if (python === undefined)
      throw new DbtEnvironmentError(`${wish.folder} holds no Python although it was made.`);
  }
  const interpreter = python;
  const installed = async (): Promise<Record<string, string>> => {
    const facts = await deps.probe(interpreter, call.signal);
    if (call.signal?.aborted) throw new DbtCancelledError("Setting up the environment was cancelled.");
    if ("failure" in facts) throw new DbtEnvironmentError(`${interpreter} ${facts.failure}.`);
    return facts.versions;
  };

  const install = async (requirements: string[]): Promise<void> => {
    try {
      await run(installer.install(interpreter, requirements), "Installing");
    } catch (error) {
      if (error instanceof DbtCancelledError) throw error;
      // Something has to be built here, and cannot be. Versions that come built may do, if older ones.
      try {
        await run(installer.install(interpreter, requirements, { wheelsOnly: true }), "Installing");
      } catch (second) {
        throw second instanceof DbtCancelledError ? second : error;
      }
    }
  };
  /** SQLFluff parses some times faster with it, and does without it where there is none for this machine. */
  const addRustParser = async (version: string): Promise<void> => {
    const command = installer.install(interpreter, [`sqlfluffrs==${version}`], { wheelsOnly: true });
    try {
      await run(command, "Installing SQLFluff's Rust parser");
    } catch (error) {
      if (error instanceof DbtCancelledError) throw error;
      deps.log.info(
        `SQLFluff parses in Python here: ${error instanceof Error ? error.message : String(error)}`,
      );
    }
  };

  const adapter = adapterPackage(wish.adapterType ?? "duckdb");
  step(1, `Installing dbt-core, ${adapter} and SQLFluff`);
  const requirements = [dbtRequirement(wish.dbtVersion), adapter, "sqlfluff", "sqlfluff-templater-dbt"];
  await install(requirements);

  step(2, "Checking that SQLFluff and its dbt templater fit");
  for (const [leader, follower] of [
    ["sqlfluff-templater-dbt", "sqlfluff"],
    ["sqlfluff", "sqlfluff-templater-dbt"],
  ] as const) {
    const versions = await installed();
    const version = versions[leader];
    if (version === undefined || version === versions[follower]) break;
    const pair = [...requirements.slice(0, 2), `${leader}==${version}`, `${follower}==${version}`];
    try {
      await install(pair);
    } catch (error) {
      // No such pair beside this dbt: the other one leads, and if that fails too, its error is the one to show.
      if (error instanceof DbtCancelledError || leader === "sqlfluff") throw error;
    }
  }

  step(3, "Checking the result");
  const versions = await installed();
  const { sqlfluff, "sqlfluff-templater-dbt": templater } = versions;
  if (!("dbt-core" in versions) || sqlfluff === undefined || sqlfluff !== templater) {
    throw new DbtEnvironmentError(
      `The environment was made, but sqlfluff ${sqlfluff ?? "(none)"} and sqlfluff-templater-dbt ${templater ?? "(none)"} do not fit.`,
    );
  }
  await addRustParser(sqlfluff);
  step(total, `dbt-core ${versions["dbt-core"] ?? ""} and sqlfluff ${sqlfluff} are ready`);
  return { python: interpreter };
}

function uvInstaller(uv: string, wish: EnvironmentWish, { env }: SetUpDeps): Installer {
  const wanted = wish.pythonVersion ? ["--python", wish.pythonVersion] : [];
  return {
    make: () => Promise.resolve({ file: uv, args: ["venv", ...wanted, wish.folder], env }),
    install: (python, requirements, { wheelsOnly } = { wheelsOnly: false }) => ({
      file: uv,
      args: ["pip", "install", "--python", python, ...binaryOnly(wheelsOnly), ...requirements],
      env,
    }),
  };
}

function pipInstaller(wish: EnvironmentWish, { env, probe }: SetUpDeps): Installer {
  return {
    async make() {
      const names = process.platform === "win32" ? ["py", "python3", "python"] : ["python3", "python"];
      const wanted = wish.pythonVersion;
      if (wanted && /^\d+\.\d+/.test(wanted))
        names.unshift(`python${wanted.split(".").slice(0, 2).join(".")}`);
      for (const name of names) {
        const file = await onPath(name, env);
        const facts = file === null ? null : await probe(file);
        if (!facts || "failure" in facts) continue;
        const version = facts.versions.python ?? "";
        if (!fitsVersion(version, ">=3.9") || (wanted && !fitsVersion(version, wanted))) continue;
        return { file: facts.python, args: ["-m", "venv", wish.folder], env };
      }
      throw new DbtEnvironmentError(
        `No Python ${wanted ?? "3.9 or newer"} was found on PATH to make a virtual environment with. Install Python, or uv, and try again.`,
      );
    },
    install: (python, requirements, { wheelsOnly } = { wheelsOnly: false }) => ({
      file: python,
      args: [
        ...["-m", "pip", "install", "--disable-pip-version-check", "--no-input"],
        ...binaryOnly(wheelsOnly),
        ...requirements,
      ],
      env,
    }),
  };
}

/** To build one from source a person would need Rust. */
const binaryOnly = (wheelsOnly: boolean): string[] => (wheelsOnly ? ["--only-binary=:all:"] : []);

/** "1.11" means any 1.11.x; without a wish it is dbt 1.x: version 2 is another engine. */
function dbtRequirement(wanted: string | undefined): string {
  if (wanted === undefined || wanted === "") return "dbt-core>=1.8,<2";
  if (/^\d+(\.\d+)?$/.test(wanted)) return `dbt-core==${wanted}.*`;
  return /^\d/.test(wanted) ? `dbt-core==${wanted}` : `dbt-core${wanted.replaceAll(" ", "")}`;
}

/** The last of what pip or uv say that tells a cause; not their remarks on whose fault it is. */
function installersWords(output: string): string {
  const lines = output.split(/\r?\n/).map((line) => line.replace(/^[\s│×╰─>]+/, "").trim());
  const remarks =
    /^(note|hint):|^error: (subprocess-exited|metadata-generation|legacy-install)|^Encountered error|^See above/;
  const causes = lines.filter(
    (line) => /error|fail|no matching|not found|could not|did not run/i.test(line) && !remarks.test(line),
  );
  return [...new Set(causes)].slice(-3).join(" ");
}
