import { projectLintResult, type ProjectLintResult } from "../../../protocol/lint.ts";
import type { Call, DbtPlugin, FixRequest, FixResult, LintRequest, ProjectRef } from "../dbtPlugin.ts";
import { DbtEnvironmentError, DbtLintError } from "../errors.ts";

export interface CheckoutLint {
  /** Whether a Python with SQLFluff has been found for the project, or for any; `look` finds out. */
  supported(project?: ProjectRef): boolean;
  /** @returns SQLFluff's version; null where the project has no Python with it */
  look(project: ProjectRef, call?: Call): Promise<string | null>;
  lint(project: ProjectRef, request: LintRequest, call: Call): Promise<ProjectLintResult>;
  fix(project: ProjectRef, request: FixRequest, call: Call): Promise<FixResult>;
}

/**
 * dbt Cloud has no API for linting: SQLFluff lints the checkout where the project has a Python with it, in the dialect of the
 * environment's warehouse, whatever profiles.yml there is beside it.
 * @param adapterOf type of that warehouse's adapter, such as "snowflake"; null where it is not known yet
 */
export function checkoutLint(
  linter: DbtPlugin | undefined,
  adapterOf: (project: ProjectRef) => Promise<string | null>,
): CheckoutLint {
  /** By project folder. */
  const found = new Map<string, boolean>();
  const adapters = new Map<string, string | null>();

  /** What the linter is to know of the project: started without the adapter, it starts anew once that is known. */
  async function checkout(project: ProjectRef, itsLinter: DbtPlugin): Promise<ProjectRef> {
    const before = adapters.get(project.projectDir);
    const adapterType = before ?? (await adapterOf(project));
    adapters.set(project.projectDir, adapterType);
    if (before === null && adapterType !== null) await itsLinter.stop(project);
    return adapterType === null ? project : { ...project, adapterType };
  }

  async function asked<Result>(
    project: ProjectRef,
    ask: (itsLinter: DbtPlugin, ref: ProjectRef) => Promise<Result>,
  ): Promise<Result> {
    if (!linter) throw noLinter("this project has no Python environment with SQLFluff.");
    try {
      const result = await ask(linter, await checkout(project, linter));
      found.set(project.projectDir, true);
      return result;
    } catch (error) {
      if (!(error instanceof DbtEnvironmentError)) throw error;
      found.set(project.projectDir, false);
      throw noLinter(error.message, error);
    }
  }

  return {
    supported: (project) =>
      project ? found.get(project.projectDir) === true : [...found.values()].includes(true),
    async look(project, call = {}) {
      const version = (await linter?.getRuntimeMetadata(project, call))?.details["sqlfluffVersion"] ?? null;
      found.set(project.projectDir, version !== null);
      return typeof version === "string" ? version : null;
    },
    async lint(project, request, call) {
      try {
        return await asked(project, (itsLinter, ref) => itsLinter.lintProject(ref, request, call));
      } catch (error) {
        const isMissing = error instanceof DbtLintError && error.cause instanceof DbtEnvironmentError;
        if (!isMissing || request.paths === undefined) throw error;
        // dbt Cloud works without a Python here: files that are not linted are no failure of the environment.
        const skipped = request.paths.map((filePath) => ({ filePath, reason: error.message }));
        return projectLintResult([], { linted: [], skipped });
      }
    },
    fix: (project, request, call) =>
      asked(project, (itsLinter, ref) => itsLinter.fixText(ref, request, call)),
  };
}

const noLinter = (why: string, cause?: Error): DbtLintError =>
  new DbtLintError(`dbt Cloud has no linter, and here: ${why}`, { cause });
