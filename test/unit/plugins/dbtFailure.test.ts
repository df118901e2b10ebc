import { describe, expect, test } from "vitest";
import type { ProjectConfig } from "../../../server/config/projectConfig.ts";
import type { DbtOutcome } from "../../../server/plugins/local/dbtEvents.ts";
import { dbtFailure } from "../../../server/plugins/local/dbtFailure.ts";

const config = {
  projectDir: "/shop",
  problems: [],
  paths: { models: [], seeds: [], snapshots: [], analyses: [], tests: [], macros: [] },
} as unknown as ProjectConfig;

const outcome: DbtOutcome = {
  exitCode: 2,
  seconds: 1,
  invocationId: null,
  dbtVersion: null,
  errors: [],
  warnings: [],
  otherOutput: "",
  listed: [],
  nodes: new Map(),
};

const failure = (said: string) =>
  dbtFailure("run", { ...outcome, errors: [`Encountered an error:\n${said}`] }, config);

describe("a command that dbt could not carry out", () => {
  test.each([
    [
      "a database that another program holds",
      'IO Error: Could not set lock on file "/shop/shop.duckdb": Conflicting lock is held in python (PID 7)',
      "execution",
      /Conflicting lock is held in python \(PID 7\).*Close the database in that program/s,
    ],
    [
      "a warehouse that does not answer",
      'Database Error\n  connection to server at "127.0.0.1", port 1 failed: Connection refused',
      "execution",
      /Connection refused\nIs the warehouse up\? .*profiles\.yml/,
    ],
    [
      "a method that does not exist",
      "Runtime Error\n  'nosuch' is not a valid method name",
      "configuration",
      /^The selection is not one that dbt understands: 'nosuch' is not a valid method name\. It takes .*tag:daily/,
    ],
    [
      "operators that do not go together",
      'Runtime Error\n  Invalid node spec @a+ - "@" prefix and "+" suffix are incompatible',
      "configuration",
      /^The selection is not one that dbt understands: Invalid node spec @a\+ .*"@" stands alone/,
    ],
    [
      "a comparison with nothing",
      "Runtime Error\n  Got a state selector method, but no comparison manifest",
      "configuration",
      /no comparison manifest\. Say where its artifacts are: --state=/,
    ],
    [
      "a path that dbt does not take",
      "Non-relative patterns are unsupported",
      "configuration",
      /^The selection .* Non-relative patterns are unsupported\. .*relative to the project/,
    ],
  ])("%s: the message says what to do", async (_name, said, kind, sentence) => {
    const error = await failure(said);
    expect(error.message).toMatch(sentence);
    expect(error.kind).toBe(kind);
  });

  test("no profiles.yml: what is said is what we found, not an option nobody gave", async () => {
    const mistake = {
      severity: "error",
      message: "There is no profiles.yml for profile shop.",
      filePath: "/shop/dbt_project.yml",
      range: { start: { line: 2, character: 9 } },
    };
    const error = await dbtFailure(
      "run",
      {
        ...outcome,
        errors: [],
        otherOutput: "Error: Invalid value for '--profiles-dir': Path '/root/.dbt' does not exist.",
      },
      { ...config, problems: [mistake] } as unknown as ProjectConfig,
    );
    expect(error).toMatchObject({ message: mistake.message, kind: "configuration", line: 3, column: 10 });
  });
});
