import path from "node:path";
import { mistakesDbtStumblesOver, placeOfFirstError } from "../../config/configProblem.ts";
import type { ProjectConfig } from "../../config/projectConfig.ts";
import { isBadSelection, withAdvice } from "../advice.ts";
import {
  DbtCompilationError,
  DbtConfigurationError,
  DbtEnvironmentError,
  DbtExecutionError,
  type DbtError,
  type DbtErrorDetails,
} from "../errors.ts";
import { installPackages, saysPackagesAreMissing } from "../missingPackages.ts";
import type { DbtOutcome } from "./dbtEvents.ts";
import { restartRemedy, setUpRemedy } from "./environmentProblems.ts";
import { exists } from "../../platform/exists.ts";

/** Why a dbt command could not do its job, from what it said; with file and line where it names them. */
export async function dbtFailure(
  verb: string,
  outcome: DbtOutcome,
  config: ProjectConfig,
): Promise<DbtError> {
  const said = outcome.errors.map(withoutPreamble).filter((message) => message !== "");
  const message = said[0] ?? usageError(outcome);
  const details = await place(message, config);

  if (outcome.errors.some(saysPackagesAreMissing)) {
    return new DbtConfigurationError(message, {
      ...(await packageFile(config.projectDir)),
      remedy: installPackages(config.projectDir),
    });
  }
  if (/Could not find adapter type/.test(message)) {
    return new DbtEnvironmentError(message, { ...details, remedy: setUpRemedy });
  }
  if (/--vars argument/.test(message) || isBadSelection(message)) {
    return new DbtConfigurationError(withAdvice(message));
  }
  // Without a profiles.yml dbt speaks of an option that nobody gave, and of a dbt_project.yml it cannot read it says nothing.
  const mistakes = mistakesDbtStumblesOver(config.problems);
  const [mistake] = mistakes;
  if (mistake && /^$|^Invalid value for '--profiles-dir'/.test(message))
    return new DbtConfigurationError(mistake.message, placeOfFirstError(mistakes));
  if (outcome.errors.length === 0 && message !== "") return new DbtConfigurationError(message);
  if (/^(Compilation|Parsing) Error|^Runtime Error\s+Compilation Error/.test(message)) {
    return new DbtCompilationError(message, details);
  }
  const isConfiguration =
    /does not have a target named|Could not find profile|profiles\.yml|dbt_project\.yml|Credentials in profile|Env var required|is not valid/;
  if (isConfiguration.test(message))
    return new DbtConfigurationError(message, { ...placeOfFirstError(config.problems), ...details });
  if (message !== "") return new DbtExecutionError(`dbt ${verb} failed: ${withAdvice(message)}`, details);

  if (/No module named '?dbt/.test(outcome.otherOutput)) {
    return new DbtEnvironmentError("dbt-core cannot be imported in this Python environment.", {
      remedy: setUpRemedy,
    });
  }
  const lastWords = outcome.otherOutput.split("\n").slice(-3).join(" ").trim();
  const how = outcome.exitCode === null ? "was ended" : `ended with exit code ${outcome.exitCode}`;
  return new DbtExecutionError(`dbt ${verb} ${how}${lastWords && `: ${lastWords}`}.`, {
    remedy: restartRemedy,
  });
}

/** An option dbt does not know, or a value it does not take: said on stderr, outside of its log. */
function usageError({ exitCode, otherOutput }: DbtOutcome): string {
  return exitCode === 2 ? (/^Error: (.+)$/m.exec(otherOutput)?.[1] ?? "") : "";
}

async function packageFile(projectDir: string): Promise<DbtErrorDetails> {
  for (const name of ["packages.yml", "dependencies.yml"]) {
    const filePath = path.join(projectDir, name);
    if (await exists(filePath)) return { filePath };
  }
  return {};
}

const withoutPreamble = (message: string): string => message.replace(/^Encountered an error:\s*/, "").trim();

/** "Error in model b (models/b.sql) ... line 2", "Error reading shop: sub/schema.yml ... Syntax error near line 4". */
async function place(message: string, config: ProjectConfig): Promise<DbtErrorDetails> {
  const named =
    /\(([^()\n]+\.(?:sql|py|yml|yaml|md|csv))\)/.exec(message)?.[1] ??
    /(?:Error reading [^:\n]+:|schema file at|at path) (\S.*?\.(?:yml|yaml|md|sql))\b/.exec(message)?.[1];
  if (named === undefined) return {};
  const { models, seeds, snapshots, analyses, tests, macros } = config.paths;
  const roots = [config.projectDir, ...models, ...seeds, ...snapshots, ...analyses, ...tests, ...macros];
  for (const root of roots) {
    const filePath = path.resolve(root, named);
    if (!(await exists(filePath))) continue;
    const line = Number(/\bline (\d+)/.exec(message)?.[1] ?? 0);
    return { filePath, ...(line > 0 && { line }) };
  }
  return {};
}
