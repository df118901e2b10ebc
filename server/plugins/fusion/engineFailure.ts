import path from "node:path";
import type { Remedy } from "../../../protocol/runtime.ts";
import { placeOfFirstError } from "../../config/configProblem.ts";
import type { ProjectConfig } from "../../config/projectConfig.ts";
import { badSelection, withAdvice } from "../advice.ts";
import {
  DbtCompilationError,
  DbtConfigurationError,
  DbtEnvironmentError,
  DbtExecutionError,
  type DbtError,
  type DbtErrorDetails,
} from "../errors.ts";
import { driverProblem } from "./driverProblem.ts";
import type { EngineOutcome, SaidDiagnostic } from "./engineEvents.ts";
import { userPath } from "./engineMessage.ts";

const restartRemedy: Remedy = { title: "Restart", command: "floeDbt.restartServer" };

/** Codes that are about configuration: dbt_project.yml, profiles.yml, targets, packages. */
const configurationCodes = new Set(["dbt1005", "dbt1006", "dbt1007", "dbt1065"]);

/** Why a command of the engine could not do its job, from what it said; with file and line where it names them. */
export function engineFailure(
  verb: string,
  outcome: EngineOutcome,
  config: ProjectConfig,
  base: string = config.projectDir,
): DbtError {
  const errors = outcome.diagnostics.filter(({ severity }) => severity === "error");
  const [first] = errors;
  if (first) {
    const all = errors.map(({ message }) => message).join("\n");
    const driver = driverProblem(all);
    if (driver) return new DbtEnvironmentError(driver.message, { remedy: driver.remedy });
    const message = errors.length === 1 ? first.message : `${first.message} (and ${errors.length - 1} more)`;
    const details = placeOf(first, config, base);
    const target = /target '([^']*)' not found in profile/.exec(first.message);
    if (target) {
      const { name, targets, filePath } = config.profile;
      return new DbtConfigurationError(
        `There is no target "${target[1] ?? ""}" in profile "${name ?? ""}". It has: ${targets.join(", ")}.`,
        filePath === null ? {} : { filePath },
      );
    }
    if (/^Package does not|package/i.test(first.message) && verb === "deps") {
      return new DbtExecutionError(`dbt deps failed: ${message}`, details);
    }
    if (configurationCodes.has(first.code) || isConfigFile(details.filePath)) {
      return new DbtConfigurationError(message, { ...placeOfFirstError(config.problems), ...details });
    }
    if (first.code === "dbt1308" || first.code === "dbt1001") {
      return new DbtExecutionError(`dbt ${verb} failed: ${withAdvice(message)}`, details);
    }
    return new DbtCompilationError(message, details);
  }

  const usage = outcome.otherOutput.find((line) => /^error: /.test(line));
  if (usage !== undefined) {
    const selection = /\[SelectorError[^\]]*\]:\s*(.+)$/.exec(usage)?.[1];
    if (selection !== undefined) return new DbtConfigurationError(badSelection(selection));
    return new DbtConfigurationError(`dbt does not take this: ${usage.replace(/^error: /, "")}`);
  }
  const raw = outcome.otherOutput.find((line) => /^\[error\]/.test(line));
  if (raw !== undefined) return new DbtConfigurationError(raw.replace(/^\[error\]\s*(\[[^\]]*\]:?\s*)?/, ""));
  const mistake = config.problems.find(({ severity }) => severity === "error");
  if (mistake) return new DbtConfigurationError(mistake.message, placeOfFirstError(config.problems));
  const lastWords = outcome.otherOutput.slice(-3).join(" ").trim();
  const how = outcome.exitCode === null ? "was ended" : `ended with exit code ${outcome.exitCode}`;
  return new DbtExecutionError(`dbt ${verb} ${how}${lastWords && `: ${lastWords}`}.`, {
    remedy: restartRemedy,
  });
}

function placeOf(said: SaidDiagnostic, config: ProjectConfig, base: string): DbtErrorDetails {
  if (said.file === null) return {};
  const filePath = userPath(said.file, {
    projectDir: config.projectDir,
    base,
    targetDirs: [config.paths.target],
  });
  if (filePath === null) return {};
  return {
    filePath,
    ...(said.line !== null && { line: said.line }),
    ...(said.column !== null && { column: said.column }),
  };
}

function isConfigFile(filePath: string | undefined): boolean {
  if (filePath === undefined) return false;
  return ["dbt_project.yml", "profiles.yml", "packages.yml", "dependencies.yml"].includes(
    path.basename(filePath),
  );
}
