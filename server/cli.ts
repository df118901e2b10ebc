import { Command, CommanderError, InvalidArgumentError, Option } from "commander";
import type { RunVerb } from "../protocol/run.ts";
import { runtimeNames } from "../protocol/runtime.ts";
import { type CloudOptions, runCloudCancel, runCloudLogs, runCloudRuns } from "./cli/cloud.ts";
import { runDoctor } from "./cli/doctor.ts";
import { compareFormats, runCompare } from "./cli/compare.ts";
import { errorWords } from "./cli/errorWords.ts";
import { runLint } from "./cli/lint.ts";
import { lintFormats } from "./cli/lintReport.ts";
import { type ListOptions, listOutputs, runList } from "./cli/list.ts";
import { runManifest } from "./cli/manifest.ts";
import { dataFormats, runDbtVerb, type RunOptions } from "./cli/run.ts";
import { createTerminal } from "./cli/terminal.ts";
import { RedactingLog } from "./platform/log.ts";
import { productVersion } from "./cli/version.ts";
import { DbtConfigurationError, DbtError } from "./plugins/errors.ts";

/** Exit codes of every verb: 0 good, 1 the project has something to mend, 2 could not do it. */
const couldNot = 2;
const exitCodes = `
Exit codes:
  0    all is well
  1    dbt ran and something failed, or lint found errors
  2    it could not run: stderr says why
  130  interrupted
`;
const interrupted = 130;

function wholeNumber(text: string): number {
  if (!/^\d+$/.test(text)) throw new InvalidArgumentError("It takes a whole number from 0 up.");
  return Number(text);
}

/** @throws DbtConfigurationError for what a person means to select */
function dbtFlag(argument: string, before: string[] = []): string[] {
  if (before.length > 0 || argument.startsWith("-")) return [...before, argument];
  throw new DbtConfigurationError(
    `"${argument}" is no option of dbt. To choose nodes, use --select ${argument}.`,
  );
}

/** What every verb takes. */
function ofProject(command: Command): Command {
  return command
    .option("--project-dir <dir>", "folder that holds dbt_project.yml")
    .option("--profiles-dir <dir>", "folder that holds profiles.yml")
    .option("--target <name>", "target of the profile")
    .addOption(
      new Option("--runtime <name>", "environment that compiles dbt").choices(["auto", ...runtimeNames]),
    )
    .option("--python <path>", "Python that has dbt and SQLFluff")
    .option("--dbt <path>", "the dbt v2 binary")
    .addOption(
      new Option("--commit <which>", "in dbt Cloud: the commit its environment is at, or yours").choices([
        "environment",
        "head",
      ]),
    )
    .option("--no-cache", "in dbt Cloud: fetch every artifact anew")
    .option("--verbose", "say on stderr what is started and how long it takes");
}

function withSelection(command: Command): Command {
  return command
    .argument("[flags...]", "further options of dbt, after --", dbtFlag)
    .option("-s, --select <selector...>", "what to choose, in dbt's selection syntax")
    .option("--exclude <selector...>", "what to leave out")
    .option("--vars <yaml>", "variables, as a YAML or JSON mapping");
}

function withFormat(command: Command): Command {
  return command.addOption(
    new Option("--format <format>", "how to print the result").choices([...dataFormats]).default("text"),
  );
}

async function main(argv: readonly string[]): Promise<number> {
  const terminal = createTerminal(process.stdout, process.stderr, process.env, () => process.exit(couldNot));
  try {
    process.cwd();
  } catch {
    terminal.words("floe-dbt: The folder this was started in is not there any more.");
    return couldNot;
  }
  const abort = new AbortController();
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    process.once(signal, () => {
      abort.abort();
    });
  }
  let exitCode = 0;
  const program = new Command("floe-dbt")
    .description("dbt from the command line, whichever environment compiles it")
    .version(productVersion)
    .addHelpText("after", exitCodes)
    .exitOverride()
    .configureOutput({ writeErr: (text) => terminal.words(text.trimEnd()) });

  const context = { terminal, signal: abort.signal, env: process.env };
  const exitsWith =
    <Args extends unknown[]>(action: (...args: Args) => Promise<number>) =>
    async (...args: Args): Promise<void> => {
      exitCode = await action(...args);
    };

  ofProject(program.command("lint"))
    .description("lint SQL as SQLFluff would, with the project's own dbt context")
    .argument("[paths...]", "files or folders; the whole project where there are none")
    .option("--fix", "mend what the linter can, in the files")
    .addOption(
      new Option("--format <format>", "how to print issues").choices([...lintFormats]).default("text"),
    )
    .option("--max-warnings <n>", "more warnings than this are a failure", wholeNumber)
    .action(
      exitsWith((paths: string[], options: Parameters<typeof runLint>[1]) =>
        runLint(paths, options, context),
      ),
    );

  const verbs: [RunVerb, string][] = [
    ["compile", "turn the project's Jinja into SQL"],
    ["run", "build models in the warehouse"],
    ["build", "seeds, models, snapshots and tests, in their order"],
    ["test", "run data tests and unit tests"],
    ["seed", "load the CSV files"],
    ["snapshot", "record how rows change"],
    ["deps", "install the packages the project names"],
  ];
  for (const [verb, what] of verbs) {
    const command = withFormat(ofProject(program.command(verb))).description(what);
    if (verb !== "deps") withSelection(command);
    if (verb === "run" || verb === "build" || verb === "seed") {
      command.option("--full-refresh", "build incremental models and seeds from nothing");
    }
    command.action(
      verb === "deps"
        ? exitsWith((options: RunOptions) => runDbtVerb(verb, [], options, context))
        : exitsWith((flags: string[] | undefined, options: RunOptions) =>
            runDbtVerb(verb, flags ?? [], options, context),
          ),
    );
  }

  withFormat(withSelection(ofProject(program.command("list"))))
    .description("what a selection selects")
    .addOption(
      new Option("--output <what>", "what to print of each node").choices([...listOutputs]).default("name"),
    )
    .action(
      exitsWith((flags: string[] | undefined, options: ListOptions) =>
        runList(flags ?? [], options, context),
      ),
    );

  withFormat(ofProject(program.command("manifest")))
    .description("where the manifest of the last compile is; the manifest itself with --format json")
    .action(exitsWith((options: Parameters<typeof runManifest>[0]) => runManifest(options, context)));

  withFormat(ofProject(program.command("doctor")))
    .description("what is in use, where it was looked for, and what is wrong")
    .action(exitsWith((options: Parameters<typeof runDoctor>[0]) => runDoctor(options, context)));

  ofProject(program.command("compare"))
    .description("compile a project in two environments and say what differs")
    .addOption(
      new Option("--with <runtime>", "the other environment")
        .choices([...runtimeNames])
        .makeOptionMandatory(),
    )
    .option("--changed", "with dbt Cloud: only what changed in git since the commit that is deployed")
    .addOption(
      new Option("--format <format>", "how to print it").choices([...compareFormats]).default("text"),
    )
    .action(exitsWith((options: Parameters<typeof runCompare>[0]) => runCompare(options, context)));

  const cloud = program.command("cloud").description("runs in dbt Cloud");
  withFormat(ofProject(cloud.command("runs")))
    .description("the recent runs, the newest first")
    .action(exitsWith((options: CloudOptions) => runCloudRuns(options, context)));
  ofProject(cloud.command("logs"))
    .description("what a run has logged, step by step")
    .argument("<run>", "number of the run")
    .option("--step <n>", "this step alone", wholeNumber)
    .action(
      exitsWith((id: string, options: Parameters<typeof runCloudLogs>[1]) =>
        runCloudLogs(id, options, context),
      ),
    );
  ofProject(cloud.command("cancel"))
    .description("cancel a run")
    .argument("<run>", "number of the run")
    .action(exitsWith((id: string, options: CloudOptions) => runCloudCancel(id, options, context)));

  try {
    await program.parseAsync(argv, { from: "user" });
    return exitCode;
  } catch (error) {
    if (error instanceof CommanderError) {
      const unknown = /unknown option '(-[^']+)'$/.exec(error.message)?.[1];
      const [verb = ""] = argv;
      if (unknown !== undefined && (verb === "list" || verbs.some(([each]) => each === verb)))
        terminal.words(`If it is an option of dbt: floe-dbt ${verb} -- ${unknown}`);
      return error.exitCode === 0 ? 0 : couldNot;
    }
    if (abort.signal.aborted) {
      terminal.words("Interrupted.");
      return interrupted;
    }
    const secrets = new RedactingLog(() => undefined);
    secrets.hideSecretsOf(process.env);
    const words = (text: string): void => terminal.words(secrets.redactValues(text));
    words(`floe-dbt: ${errorWords(error, process.cwd())}`);
    if (!(error instanceof DbtError) && error instanceof Error && process.env["FLOE_DBT_DEBUG"]) {
      words(error.stack ?? "");
    }
    return couldNot;
  }
}

void main(process.argv.slice(2)).then((exitCode) => {
  process.exitCode = exitCode;
});
