import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import path from "node:path";
import { createInterface } from "node:readline";
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

/** Runs `sqlfluff ARGS` in a folder. @returns what it prints */
export type SqlFluff = (cwd: string, args: string[]) => Promise<string>;

/** The command line a person would run in this environment. Exit 1 means issues. */
export const sqlfluffOf =
  (python: string): SqlFluff =>
  (cwd, args) =>
    promisify(execFile)(python, ["-m", "sqlfluff", ...args], { cwd, maxBuffer: 1 << 26 }).then(
      ({ stdout }) => stdout,
      (error: unknown) => z.object({ stdout: z.string() }).parse(error).stdout,
    );

/** The same for many commands: to import dbt and SQLFluff is half of each, and done once here. One after another. */
export function manySqlFluffs(python: string): { sqlfluff: SqlFluff } & AsyncDisposable {
  const program = path.join(import.meta.dirname, "python", "sqlfluff_commands.py");
  const child = spawn(python, ["-X", "utf8", program], { stdio: ["pipe", "pipe", "inherit"] });
  const exited = once(child, "exit");
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  let last: Promise<unknown> = Promise.resolve();
  const run: SqlFluff = async (cwd, args) => {
    child.stdin.write(`${JSON.stringify({ cwd, args })}\n`);
    const { value } = await lines.next();
    return z.object({ stdout: z.string() }).parse(JSON.parse(value ?? "null")).stdout;
  };
  return {
    sqlfluff: (cwd, args) => {
      const answer = last.then(() => run(cwd, args));
      last = answer.catch(() => undefined);
      return answer;
    },
    async [Symbol.asyncDispose]() {
      child.stdin.end();
      await exited;
    },
  };
}

/** What `sqlfluff lint` says of the folder it runs in, by absolute path; files it leaves out are absent. */
export async function sqlfluffLint(sqlfluff: SqlFluff, cwd: string): Promise<Map<string, Issue[]>> {
  const stdout = await sqlfluff(cwd, ["lint", "--format", "json", "."]);
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
