import { z } from "zod";
import type { RedactingLog } from "../../platform/log.ts";
import { runToEnd, type ProcessOutcome } from "../../platform/process.ts";
import type { Call, DbtEvent, RunSelection } from "../dbtPlugin.ts";
import { DbtCancelledError } from "../errors.ts";

/**
 * dbt's own command line, in a process of its own: it can be interrupted, and a run never delays a diagnostic.
 * The end of stdin interrupts it too, so that it ends with us, and on Windows can be cancelled at all.
 * `python -c` puts the current folder on sys.path, where a file of the project could shadow a module: it goes first.
 */
const script = `
import sys
sys.path[:] = [entry for entry in sys.path if entry]
import os, signal, threading, _thread
def interrupt_at_end_of_input():
    try:
        while os.read(0, 4096):
            pass
    except OSError:
        pass
    if os.name == "nt":
        _thread.interrupt_main()
    else:
        os.kill(os.getpid(), signal.SIGINT)
threading.Thread(target=interrupt_at_end_of_input, daemon=True).start()
sys.argv[0] = "dbt"
from dbt.cli.main import cli
cli()
`;

export interface DbtCommand {
  verb: "compile" | "run" | "test" | "deps";
  python: string;
  projectDir: string;
  profilesDir: string | undefined;
  target: string | undefined;
  selection?: RunSelection;
  env: NodeJS.ProcessEnv;
}

export interface DbtOutcome {
  exitCode: number | null;
  seconds: number;
  /** dbt's id of this invocation; artifacts carry it. Null if dbt did not come that far. */
  invocationId: string | null;
  dbtVersion: string | null;
  /** Messages of level error and warn, in order. */
  errors: string[];
  warnings: string[];
  /** What was printed and is not dbt's log: an import error, say. */
  otherOutput: string;
}

const logLineSchema = z.object({
  info: z.object({
    name: z.string(),
    level: z.string(),
    msg: z.string(),
    invocation_id: z.string().optional(),
  }),
  data: z.looseObject({}).optional(),
});

const nodeDataSchema = z.object({
  node_info: z.object({ unique_id: z.string(), node_status: z.string().optional() }),
  execution_time: z.number().optional(),
  status: z.string().optional(),
});

/** @throws DbtCancelledError once the signal fires and dbt has ended */
export async function runDbt(command: DbtCommand, log: RedactingLog, call: Call): Promise<DbtOutcome> {
  const outcome: DbtOutcome = {
    exitCode: null,
    seconds: 0,
    invocationId: null,
    dbtVersion: null,
    errors: [],
    warnings: [],
    otherOutput: "",
  };
  const other: string[] = [];
  // A macro may well print a password; it goes no further.
  const clean = (text: string): string => log.redactValues(plain(text));
  const args = dbtArguments(command);
  const ended: ProcessOutcome = await runToEnd(
    {
      file: command.python,
      args: ["-c", script, ...args],
      cwd: command.projectDir,
      env: { ...command.env, PYTHONIOENCODING: "utf-8", PYTHONUNBUFFERED: "1" },
      label: ["dbt", ...args].join(" "),
    },
    {
      log,
      signal: call.signal,
      interruptible: true,
      keep: 20_000,
      onLine: (line) => {
        const parsed = logLineSchema.safeParse(parseJson(line));
        if (parsed.success) readLogLine(parsed.data, outcome, call, clean);
        else if (line.trim() !== "" && other.length < 200) other.push(clean(line));
      },
    },
  );
  if (ended.ended === "cancelled") throw new DbtCancelledError(`dbt ${command.verb} was cancelled.`);
  const notStarted = ended.ended === "notStarted" ? [ended.stderr] : [];
  return {
    ...outcome,
    exitCode: ended.exitCode,
    seconds: ended.seconds,
    otherOutput: [...notStarted, ...other].join("\n"),
  };
}

/** Selectors are data: one argument each, with "=", so that none can be taken for an option. */
function dbtArguments({ verb, projectDir, profilesDir, target, selection = {} }: DbtCommand): string[] {
  return [
    "--log-format",
    "json",
    "--no-use-colors",
    verb,
    "--project-dir",
    projectDir,
    ...(profilesDir === undefined ? [] : ["--profiles-dir", profilesDir]),
    ...(target === undefined ? [] : [`--target=${target}`]),
    ...(selection.select ? [`--select=${selection.select}`] : []),
    ...(selection.exclude ? [`--exclude=${selection.exclude}`] : []),
    ...(selection.fullRefresh && verb === "run" ? ["--full-refresh"] : []),
  ];
}

function readLogLine(
  line: z.infer<typeof logLineSchema>,
  outcome: DbtOutcome,
  call: Call,
  clean: (text: string) => string,
): void {
  const { name, level, msg, invocation_id } = line.info;
  outcome.invocationId ??= invocation_id ?? null;
  const message = clean(msg);
  if (name === "MainReportVersion") outcome.dbtVersion = /dbt=(\S+)/.exec(message)?.[1] ?? null;
  if (level === "error") outcome.errors.push(message);
  if (level === "warn") outcome.warnings.push(message);
  const event = nodeEvent(name, line.data);
  if (event) call.onEvent?.(event);
  if (level === "info" || level === "warn" || level === "error") {
    call.onEvent?.({ type: "log", level, message });
  }
}

function nodeEvent(name: string, data: unknown): DbtEvent | null {
  const isStart = name === "LogStartLine";
  if (!isStart && !/^Log\w+Result$/.test(name)) return null;
  const parsed = nodeDataSchema.safeParse(data);
  if (!parsed.success) return null;
  const { node_info, execution_time, status } = parsed.data;
  if (isStart) return { type: "nodeStarted", uniqueId: node_info.unique_id };
  return {
    type: "nodeFinished",
    uniqueId: node_info.unique_id,
    status: node_info.node_status ?? status ?? "unknown",
    seconds: execution_time ?? 0,
  };
}

function plain(text: string): string {
  return text.replace(/\u001b\[[0-9;]*[A-Za-z]/g, "").trimEnd();
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
