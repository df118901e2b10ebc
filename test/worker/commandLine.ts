import { execFile } from "node:child_process";
import path from "node:path";
import { promisify } from "node:util";
import * as z from "zod";
import type { FileAnswer } from "../harness/workerDriver.ts";

/** One issue as the command line and the worker both say it. */
export type Issue = [line: number, column: number, code: string, message: string, warning: boolean];

const recordsSchema = z.array(
  z.object({
    filepath: z.string(),
    violations: z.array(
      z.object({
        start_line_no: z.int(),
        start_line_pos: z.int(),
        code: z.string(),
        description: z.string(),
        warning: z.boolean(),
      }),
    ),
  }),
);

/** The command line a person would run, in the same environment and folder. Exit 1 means issues. */
export async function sqlfluff(python: string, cwd: string, args: string[]): Promise<string> {
  const run = promisify(execFile)(python, ["-m", "sqlfluff", ...args], { cwd, maxBuffer: 1 << 26 });
  return run.then(
    ({ stdout }) => stdout,
    (error: unknown) => z.object({ stdout: z.string() }).parse(error).stdout,
  );
}

/** What `sqlfluff lint PATH` says, by absolute path; files it leaves out are absent. */
export async function sqlfluffLint(python: string, cwd: string, target = "."): Promise<Map<string, Issue[]>> {
  const stdout = await sqlfluff(python, cwd, ["lint", "--format", "json", target]);
  const json = stdout.split("\n").findLast((line) => line.startsWith("["));
  const records = recordsSchema.parse(JSON.parse(json ?? "null"));
  return new Map(
    records.map((record) => [
      path.resolve(cwd, record.filepath),
      record.violations.map((v): Issue => [
        // SQLFluff says 0:0 of an error without a place; ours are never outside the file.
        Math.max(1, v.start_line_no),
        Math.max(1, v.start_line_pos),
        v.code,
        v.description,
        v.warning,
      ]),
    ]),
  );
}

export const issuesOf = (answer: Pick<FileAnswer, "issues">): Issue[] =>
  answer.issues.map((issue) => [
    issue.line,
    issue.column,
    issue.ruleCode,
    issue.message,
    issue.severity === "info",
  ]);
