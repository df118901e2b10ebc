import type { Call, FixRequest, FixResult, LintRequest } from "../dbtPlugin.ts";
import { DbtLintError } from "../errors.ts";
import { writeFixedText } from "../local/writeFixedText.ts";
import type { EngineCheck, Ready } from "./engineCheck.ts";
import type { EngineOutcome, SaidDiagnostic } from "./engineEvents.ts";
import { engineFailure } from "./engineFailure.ts";

/**
 * `dbt lint [FILE]` and `dbt format [FILE]` of the distributions that have them, as their documentation describes them
 * (docs.getdbt.com/reference/commands/lint). What they find comes as the engine's other diagnostics, with the rule's code
 * at the end: `[warning] [KeywordCaseMismatch (dbt0107)]: Keywords must be lower case. [CP01]`.
 */

/** The rules' findings, with SQLFluff's codes; what the engine says besides is said by its check. */
export async function lintWithBinary(
  check: EngineCheck,
  ready: Ready,
  files: readonly string[],
  request: LintRequest,
  call: Call,
): Promise<{ found: SaidDiagnostic[]; fixed: string[] }> {
  const [only] = files;
  // It takes one file or the whole project.
  const args = request.paths && files.length === 1 && only !== undefined ? [check.copyOf(only)] : [];
  const fixed: string[] = [];
  if (request.fix) {
    for (const filePath of files) {
      const failure = await writeFixedText(filePath, (text) =>
        fixWithBinary(check, ready, { path: filePath, text }, call),
      );
      if (failure === null) fixed.push(filePath);
    }
  }
  const outcome = await check.run(
    ready,
    request.fix ? new Map() : (request.texts ?? new Map()),
    "lint",
    { args },
    call.signal ? { signal: call.signal } : {},
  );
  const found = outcome.diagnostics.flatMap(ruleFinding);
  failUnlessLinted(outcome, ready, check);
  return { found, fixed };
}

/** What `dbt lint --fix`, or `dbt format`, makes of one text: of its copy, never of the user's file. */
export async function fixWithBinary(
  check: EngineCheck,
  ready: Ready,
  { path: filePath, text, rules, format }: FixRequest,
  call: Call,
): Promise<FixResult> {
  const options = format ? [] : ["--fix", ...(rules ? [`--rules=${rules.join(",")}`] : [])];
  const texts = text === undefined ? new Map<string, string>() : new Map([[filePath, text]]);
  const { outcome, before, after } = await check.rewrite(
    ready,
    texts,
    filePath,
    format ? "format" : "lint",
    options,
    call.signal ? { signal: call.signal } : {},
  );
  failUnlessLinted(outcome, ready, check);
  if (after === null || after === before) return { text: null, reason: "nothing to fix" };
  return { text: after };
}

/** It ends with 1 where it found errors, so only an end without a word is a failure. @throws DbtLintError */
function failUnlessLinted(outcome: EngineOutcome, { environment }: Ready, check: EngineCheck): void {
  if (outcome.exitCode === 0 || outcome.diagnostics.length > 0) return;
  throw new DbtLintError(engineFailure("lint", outcome, environment.config, check.dir).message);
}

const rulePattern = /\s*\[((?:[A-Z]{2,3}\d{2})|PRS|LXR|TMP)\]\s*$/;

function ruleFinding(said: SaidDiagnostic): SaidDiagnostic[] {
  const rule = rulePattern.exec(said.message)?.[1];
  if (rule === undefined) return [];
  return [{ ...said, code: rule, message: said.message.replace(rulePattern, "") }];
}

/** Page of a rule of SQLFluff's; the engine's own rules (DBT01) are described where its command is. */
export function pageOfRule(code: string): string {
  return code.startsWith("DBT")
    ? "https://docs.getdbt.com/reference/commands/lint#dbt-specific-rules"
    : `https://docs.sqlfluff.com/en/stable/perma/rule/${code}.html`;
}

/** Whether a code is a rule's, not the engine's own ("dbt1501"). */
export const isRule = (code: string): boolean => !code.startsWith("dbt");
