import { Command, CommanderError, InvalidArgumentError, Option } from "commander";
import { runtimeNames } from "../protocol/runtime.ts";
import { runLint } from "./cli/lint.ts";
import { lintFormats } from "./cli/lintReport.ts";
import { createTerminal } from "./cli/terminal.ts";
import { DbtError } from "./plugins/errors.ts";

/** Exit codes of every verb: 0 good, 1 the project has something to mend, 2 could not do it. */
const couldNot = 2;
const interrupted = 130;

function wholeNumber(text: string): number {
  if (!/^\d+$/.test(text)) throw new InvalidArgumentError("It takes a whole number from 0 up.");
  return Number(text);
}

async function main(argv: readonly string[]): Promise<number> {
  const terminal = createTerminal(process.stdout, process.stderr, process.env);
  const abort = new AbortController();
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    process.once(signal, () => {
      abort.abort();
    });
  }
  let exitCode = 0;
  const program = new Command("floe-dbt")
    .description("dbt from the command line, whichever environment compiles it")
    .exitOverride()
    .configureOutput({ writeErr: (text) => terminal.words(text.trimEnd()) });

  program
    .command("lint")
    .description("lint SQL as SQLFluff would, with the project's own dbt context")
    .argument("[paths...]", "files or folders; the whole project where there are none")
    .option("--project-dir <dir>", "folder that holds dbt_project.yml")
    .option("--profiles-dir <dir>", "folder that holds profiles.yml")
    .option("--target <name>", "target of the profile")
    .addOption(
      new Option("--runtime <name>", "environment that compiles dbt").choices(["auto", ...runtimeNames]),
    )
    .option("--python <path>", "Python that has dbt and SQLFluff")
    .option("--dbt <path>", "the dbt v2 binary")
    .option("--fix", "mend what the linter can, in the files", false)
    .addOption(
      new Option("--format <format>", "how to print issues").choices([...lintFormats]).default("text"),
    )
    .option("--max-warnings <n>", "more warnings than this are a failure", wholeNumber)
    .option("--verbose", "say on stderr what is started and how long it takes", false)
    .action(async (paths: string[], options: Parameters<typeof runLint>[1]) => {
      exitCode = await runLint(paths, options, { terminal, signal: abort.signal, env: process.env });
    });

  try {
    await program.parseAsync(argv, { from: "user" });
    return exitCode;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : couldNot;
    if (abort.signal.aborted) {
      terminal.words("Interrupted.");
      return interrupted;
    }
    terminal.words(`floe-dbt: ${error instanceof Error ? error.message : String(error)}`);
    if (!(error instanceof DbtError) && error instanceof Error && process.env["FLOE_DBT_DEBUG"]) {
      terminal.words(error.stack ?? "");
    }
    return couldNot;
  }
}

void main(process.argv.slice(2)).then((exitCode) => {
  process.exitCode = exitCode;
});
