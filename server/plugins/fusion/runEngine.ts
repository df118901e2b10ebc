import path from "node:path";
import type { RedactingLog } from "../../platform/log.ts";
import { runToEnd } from "../../platform/process.ts";
import type { Call, RunSelection } from "../dbtPlugin.ts";
import { DbtCancelledError } from "../errors.ts";
import { EngineEventReader, type EngineOutcome } from "./engineEvents.ts";

export type EngineVerb =
  | "parse"
  | "compile"
  | "run"
  | "test"
  | "build"
  | "seed"
  | "snapshot"
  | "deps"
  | "ls"
  | "show"
  | "lint"
  | "format";

export interface EngineCommand {
  /** The binary. */
  dbt: string;
  verb: EngineVerb;
  /** Where it runs: relative paths of profiles.yml mean this folder. */
  cwd: string;
  /** The project it reads; `cwd` where absent. */
  projectDir?: string;
  profilesDir?: string | undefined;
  target?: string | undefined;
  selection?: RunSelection;
  /** Work of the background: artifacts and logs go to this folder of ours, and nothing is sent anywhere. */
  privateDir?: string;
  /** Further arguments. */
  args?: readonly string[];
  env: NodeJS.ProcessEnv;
}

const refreshable: readonly EngineVerb[] = ["run", "build", "seed", "compile"];

/** Selectors and variables are data: one argument each, with "=", so that none can be taken for an option. */
export function engineArguments(command: EngineCommand): string[] {
  const { verb, selection = {}, privateDir, profilesDir, target } = command;
  return [
    verb,
    "--log-format=json",
    `--project-dir=${command.projectDir ?? command.cwd}`,
    ...(profilesDir === undefined ? [] : [`--profiles-dir=${profilesDir}`]),
    ...(target === undefined ? [] : [`--target=${target}`]),
    ...(privateDir === undefined
      ? []
      : [
          `--target-path=${privateDir}`,
          `--log-path=${privateDir}`,
          "--no-version-check",
          "--no-send-anonymous-usage-stats",
        ]),
    ...(selection.select ? [`--select=${selection.select}`] : []),
    ...(selection.exclude ? [`--exclude=${selection.exclude}`] : []),
    ...(selection.vars ? [`--vars=${selection.vars}`] : []),
    ...(selection.fullRefresh && refreshable.includes(verb) ? ["--full-refresh"] : []),
    ...(command.args ?? []),
    ...(selection.flags ?? []),
  ];
}

/** @throws DbtCancelledError once the signal fires and the engine has ended */
export async function runEngine(
  command: EngineCommand,
  log: RedactingLog,
  call: Call,
): Promise<EngineOutcome> {
  // A macro may well print a password; it goes no further.
  const reader = new EngineEventReader(call, (text) => log.redactValues(text), withoutOurPaths(command));
  const args = engineArguments(command);
  const ended = await runToEnd(
    {
      file: command.dbt,
      args,
      cwd: command.cwd,
      env: {
        ...command.env,
        RUST_BACKTRACE: "0",
        NO_COLOR: "1",
        // Nobody reads the log of work in the background, and it would grow with every edit.
        ...(command.privateDir !== undefined && { DBT_LOG_LEVEL_FILE: "off" }),
      },
      label: ["dbt", ...args].join(" "),
    },
    {
      log,
      signal: call.signal,
      interruptible: true,
      guarded: true,
      keep: 20_000,
      onLine: (line) => reader.read(line),
    },
  );
  reader.tellUnknown(log);
  if (ended.ended === "cancelled") throw new DbtCancelledError(`dbt ${command.verb} was cancelled.`);
  const { outcome } = reader;
  outcome.exitCode = ended.exitCode;
  outcome.seconds = ended.seconds;
  if (ended.ended === "notStarted") outcome.otherOutput.unshift(ended.stderr);
  return outcome;
}

/** What a person reads of a command on a copy, or with a target of ours, is about their own folders. */
function withoutOurPaths({ cwd, projectDir, privateDir }: EngineCommand): (text: string) => string {
  const ours: [string, string][] = [];
  for (const [folder, theirs] of [
    [privateDir, "target"],
    [projectDir === cwd ? undefined : projectDir, cwd],
  ] as const) {
    if (folder === undefined) continue;
    const relative = path.relative(cwd, folder);
    ours.push([folder, theirs], ...(relative === "" ? [] : ([[relative, theirs]] as [string, string][])));
  }
  return (text) => ours.reduce((shown, [folder, theirs]) => shown.replaceAll(folder, theirs), text);
}
