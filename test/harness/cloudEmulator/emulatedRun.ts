import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { copyFile, mkdir, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import path from "node:path";
import { parse, stringify } from "yaml";
import { checkOut } from "./checkout.ts";
import type { StepEngine, Workplace } from "./stepEngine.ts";

export interface EmulatedJob {
  id: number;
  name: string;
  projectId: number;
  environmentId: number;
  steps: string[];
  generateDocs: boolean;
}

export interface EmulatedStep {
  index: number;
  name: string;
  status: number;
  startedAt: number | null;
  finishedAt: number | null;
  logFile: string;
  targetDir: string;
}

/** How a run goes that no dbt carries out, or what becomes of one that is. */
export interface Behaviour {
  /** Status at each look; the last one stays. */
  statuses?: number[];
  /** So many looks find no such run. */
  hiddenLooks?: number;
  /** From this look on there is no such run any more. */
  vanishesAfter?: number;
  /** What the dbt step of a run that no dbt carries out has logged in the end. */
  log?: string;
  /** What it has logged so far at each look while it runs; the last one stays. */
  logsSoFar?: string[];
  /** Artifacts of the dbt step, by name; null for none of that name. */
  artifacts?: Record<string, string | null>;
  /** A docs step follows, whose results are not what the command did. */
  docs?: boolean;
  /** A cancel is accepted and nothing comes of it. */
  ignoresCancel?: boolean;
}

export interface TriggerRequest {
  cause: string;
  git_sha?: string | null;
  git_branch?: string | null;
  steps_override?: string[] | null;
  generate_docs_override?: boolean | null;
  schema_override?: string | null;
  threads_override?: number | null;
  target_name_override?: string | null;
}

export interface EmulatedRun {
  id: number;
  job: EmulatedJob;
  request: TriggerRequest;
  status: number;
  createdAt: number;
  startedAt: number | null;
  finishedAt: number | null;
  gitSha: string | null;
  steps: EmulatedStep[];
  looks: number;
  behaviour: Behaviour;
  dir: string;
  abort: AbortController;
}

/** Shell words, as far as a step needs them: quotes are quotes, nothing is carried out. */
export function shellWords(line: string): string[] {
  const words: string[] = [];
  let word: string | null = null;
  let quote = "";
  for (let at = 0; at < line.length; at += 1) {
    const character = line[at]!;
    if (quote !== "") {
      if (character === quote) quote = "";
      else word = (word ?? "") + (character === "\\" && quote === '"' ? (line[(at += 1)] ?? "") : character);
    } else if (character === "'" || character === '"') {
      quote = character;
      word ??= "";
    } else if (character === "\\") {
      word = (word ?? "") + (line[(at += 1)] ?? "");
    } else if (/\s/.test(character)) {
      if (word !== null) words.push(word);
      word = null;
    } else {
      word = (word ?? "") + character;
    }
  }
  if (word !== null) words.push(word);
  return words;
}

/** Names and folders of a run's steps, as dbt Cloud has them. */
export function planSteps(run: EmulatedRun): void {
  const commands = [...(run.request.steps_override ?? run.job.steps)];
  if (run.behaviour.docs ?? run.request.generate_docs_override ?? run.job.generateDocs) {
    commands.push("dbt docs generate");
  }
  const names = [
    "Clone git repository",
    "Create profile from connection DuckDB",
    "Invoke dbt with `dbt deps`",
    ...commands.map((command) => `Invoke dbt with \`${command}\``),
  ];
  run.steps = names.map((name, at) => ({
    index: at + 1,
    name,
    status: 1,
    startedAt: null,
    finishedAt: null,
    logFile: path.join(run.dir, `step${at + 1}.log`),
    targetDir: path.join(run.dir, `step${at + 1}`),
  }));
}

/** Carries a run out with real dbt, step by step, on a commit of the repository. */
export async function carryOutRun(
  run: EmulatedRun,
  options: {
    engine: StepEngine;
    repository: string;
    /** The environment's database, kept from run to run. */
    warehouse: string;
    now: () => number;
    subdirectory?: string;
  },
): Promise<void> {
  await mkdir(run.dir, { recursive: true });
  run.status = 2;
  await options.engine.atWork(async (place) => {
    await rm(place.checkout, { recursive: true, force: true });
    await rm(place.warehouse, { force: true });
    await rename(options.warehouse, place.warehouse).catch(() => undefined);
    try {
      await steps(run, place, options);
    } finally {
      await rename(place.warehouse, options.warehouse).catch(() => undefined);
    }
  });
}

async function steps(
  run: EmulatedRun,
  place: Workplace,
  options: Parameters<typeof carryOutRun>[1],
): Promise<void> {
  const { engine, repository, now } = options;
  const cwd = path.join(place.checkout, options.subdirectory ?? "");
  const isAborted = (): boolean => run.abort.signal.aborted;
  run.startedAt = now();
  run.status = 3;
  for (const step of run.steps) {
    if (isAborted()) break;
    step.status = 3;
    step.startedAt = now();
    const good = await carryOutStep(step).catch(async (error: unknown) => {
      await writeFile(step.logFile, String(error));
      return false;
    });
    step.finishedAt = now();
    step.status = isAborted() ? 30 : good ? 10 : 20;
    if (!good) break;
  }
  run.finishedAt = now();
  run.status = isAborted() ? 30 : run.steps.some(({ status }) => status === 20) ? 20 : 10;

  async function carryOutStep(step: EmulatedStep): Promise<boolean> {
    const command = /`(.*)`/.exec(step.name)?.[1];
    if (step.index === 1) {
      run.gitSha = await checkOut(
        repository,
        run.request.git_sha ?? run.request.git_branch ?? "HEAD",
        place.checkout,
      );
      return true;
    }
    if (step.index === 2) {
      await writeProfiles(cwd, place.profiles, run, place.warehouse);
      return true;
    }
    const [program, ...args] = shellWords(command ?? "");
    if (program !== "dbt") throw new Error(`Only dbt can be run here, not ${program ?? ""}`);
    if (args[0] === "deps" && !(await needsDeps(cwd))) return true;
    // Always the same folder, so that what the manifest says of compiled files is the same from run to run.
    const targetDir = path.join(cwd, "target");
    await mkdir(targetDir, { recursive: true });
    const parsed = path.join(targetDir, path.basename(place.partialParse));
    await copyFile(place.partialParse, parsed).catch(() => undefined);
    const exitCode = await engine.run({
      args,
      cwd,
      targetDir,
      profilesDir: place.profiles,
      logFile: step.logFile,
      env: {
        PATH: process.env["PATH"] ?? "",
        HOME: run.dir,
        DBT_USE_COLORS: "1",
        DBT_SEND_ANONYMOUS_USAGE_STATS: "0",
        // Of the fork that a step is, as it ends; nothing that dbt says.
        PYTHONWARNINGS: "ignore:resource_tracker",
        DBT_LOG_PATH: path.join(run.dir, "logs"),
      },
      signal: run.abort.signal,
    });
    await copyFile(parsed, place.partialParse).catch(() => undefined);
    await rename(targetDir, step.targetDir);
    return exitCode === 0;
  }
}

async function needsDeps(projectDir: string): Promise<boolean> {
  const names = await readdir(projectDir);
  return names.includes("packages.yml") || names.includes("dependencies.yml");
}

/** Credentials are the environment's: the project's own profiles.yml counts for nothing. */
async function writeProfiles(
  cwd: string,
  profilesDir: string,
  run: EmulatedRun,
  warehouse: string,
): Promise<void> {
  const project = parse(await readFile(path.join(cwd, "dbt_project.yml"), "utf8")) as { profile?: string };
  const target = run.request.target_name_override ?? "default";
  await mkdir(profilesDir, { recursive: true });
  await writeFile(
    path.join(profilesDir, "profiles.yml"),
    stringify({
      [project.profile ?? "default"]: {
        target,
        outputs: {
          [target]: {
            type: "duckdb",
            path: warehouse,
            schema: run.request.schema_override ?? "main",
            threads: run.request.threads_override ?? 1,
          },
        },
      },
    }),
  );
}

/** What a look at a run that no dbt carries out makes of it. */
export function moveOn(run: EmulatedRun, now: number): void {
  const statuses = run.behaviour.statuses ?? [1, 3, 3, 10];
  if (run.status >= 10 && run.status <= 30) return;
  run.status = statuses[Math.min(run.looks - 1, statuses.length - 1)] ?? 10;
  if (run.status === 3) {
    run.startedAt ??= now;
    logSoFar(run, now);
  }
  if (![10, 20, 30].includes(run.status)) return;
  run.startedAt ??= now;
  run.finishedAt = now;
  run.gitSha ??= run.request.git_sha ?? "c0ffee00c0ffee00c0ffee00c0ffee00c0ffee00";
  mkdirSync(run.dir, { recursive: true });
  for (const step of run.steps) {
    step.startedAt = now;
    step.finishedAt = now;
    step.status = step.index <= 3 ? 10 : run.status;
    if (step.index > 3) pretendArtifacts(run, step);
    if (step.index > 3 && run.status !== 10) break;
  }
}

/** The steps of dbt Cloud's own are done, and dbt's own log grows from look to look. */
function logSoFar(run: EmulatedRun, now: number): void {
  const [text = null, ...later] = run.behaviour.logsSoFar ?? [];
  const step = run.steps[3];
  if (text === null || !step) return;
  if (later.length > 0) run.behaviour.logsSoFar = later;
  for (const each of run.steps.slice(0, 4)) {
    each.startedAt ??= now;
    each.status = each === step ? 3 : 10;
  }
  mkdirSync(run.dir, { recursive: true });
  writeFileSync(step.logFile, text);
}

function pretendArtifacts(run: EmulatedRun, step: EmulatedStep): void {
  const which = /`dbt (\w+)/.exec(step.name)?.[1] ?? "run";
  writeFileSync(
    step.logFile,
    run.behaviour.log ?? `\u001b[0m12:00:00  Running with dbt=1.11.0\n12:00:01  Done.\n`,
  );
  const isDocs = which === "docs";
  const result = (id: string) => ({
    unique_id: id,
    status: "success",
    execution_time: 0.1,
    message: "OK",
    failures: null,
  });
  const own: Record<string, string | null> = {
    "manifest.json": JSON.stringify({
      metadata: { dbt_version: "1.11.0", adapter_type: "duckdb" },
      nodes: { "model.shop.a": { name: "a", resource_type: "model", original_file_path: "models/a.sql" } },
    }),
    "run_results.json": JSON.stringify({
      metadata: { dbt_version: "1.11.0", invocation_id: `run-${run.id}` },
      args: { which: isDocs ? "generate" : which },
      results: isDocs
        ? ["a", "b", "c"].map((name) => result(`model.shop.${name}`))
        : [result("model.shop.a")],
    }),
    "catalog.json": isDocs ? JSON.stringify({ metadata: {}, nodes: {} }) : null,
    ...(isDocs ? {} : run.behaviour.artifacts),
  };
  mkdirSync(step.targetDir, { recursive: true });
  for (const [name, text] of Object.entries(own)) {
    if (text !== null) writeFileSync(path.join(step.targetDir, name), text);
  }
}

export const logOf = (step: EmulatedStep): string => {
  try {
    return readFileSync(step.logFile, "utf8");
  } catch {
    return "";
  }
};
