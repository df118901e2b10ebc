import { parseJson } from "../../../protocol/json.ts";
import type { RedactingLog } from "../../platform/log.ts";
import { runToEnd, type ProcessOutcome } from "../../platform/process.ts";
import type { Call } from "../dbtPlugin.ts";
import { DbtCancelledError } from "../errors.ts";
import { dbtArguments, type DbtInvocation } from "./dbtArguments.ts";
import { DbtEventReader, plain, type DbtOutcome } from "./dbtEvents.ts";

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

export interface DbtCommand extends DbtInvocation {
  python: string;
  env: NodeJS.ProcessEnv;
}

/** @throws DbtCancelledError once the signal fires and dbt has ended */
export async function runDbt(command: DbtCommand, log: RedactingLog, call: Call): Promise<DbtOutcome> {
  const other: string[] = [];
  // A macro may well print a password; it goes no further.
  const clean = (text: string): string => log.redactValues(plain(text));
  const reader = new DbtEventReader(call, clean);
  const args = dbtArguments(command);
  const ended: ProcessOutcome = await runToEnd(
    {
      file: command.python,
      // When nodes begin and end dbt says at level debug only; of the rest of that level nothing is passed on.
      args: ["-c", script, "--log-format=json", "--log-level=debug", "--no-use-colors", ...args],
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
        if (reader.read(parseJson(line))) return;
        if (line.trim() !== "" && other.length < 200) other.push(clean(line).slice(0, 2000));
      },
    },
  );
  if (ended.ended === "cancelled") throw new DbtCancelledError(`dbt ${command.verb} was cancelled.`);
  const notStarted = ended.ended === "notStarted" ? [ended.stderr] : [];
  return {
    ...reader.outcome,
    exitCode: ended.exitCode,
    seconds: ended.seconds,
    otherOutput: [...notStarted, ...other].join("\n"),
  };
}
