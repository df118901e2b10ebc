import { mkdtemp, rm, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { compilationResult } from "../../../server/plugins/local/artifacts.ts";
import type { DbtOutcome } from "../../../server/plugins/local/dbtEvents.ts";

const outcome: DbtOutcome = {
  exitCode: 2,
  seconds: 1,
  invocationId: "mine",
  dbtVersion: "1.11.16",
  errors: ["IO Error: Could not set lock on file"],
  warnings: [],
  otherOutput: "",
  listed: [],
  nodes: new Map(),
};
const resultsOf = (invocationId: string): string =>
  JSON.stringify({ metadata: { invocation_id: invocationId }, results: [] });

describe("run_results.json after a command", () => {
  let dir = "";
  const file = (): string => path.join(dir, "run_results.json");
  const startedAt = Date.now();
  const read = () => compilationResult(dir, dir, startedAt, outcome, (text) => text);
  const earlier = () => utimes(file(), new Date(startedAt - 60_000), new Date(startedAt - 60_000));

  beforeAll(async () => {
    dir = await mkdtemp(path.join(tmpdir(), "floe-dbt-results-"));
  });
  beforeEach(() => rm(file(), { force: true }));
  afterAll(() => rm(dir, { recursive: true }));

  test("is no result where there is none, or it is another command's", async () => {
    expect(await read()).toBeNull();
    await writeFile(file(), resultsOf("another"));
    expect(await read()).toBeNull();
  });

  test("that an earlier command left broken hides no failure of this one", async () => {
    await writeFile(file(), resultsOf("mine").slice(0, -20));
    await earlier();
    expect(await read()).toBeNull();
  });

  test("that this command wrote is its result, and an error where it is broken", async () => {
    await writeFile(file(), resultsOf("mine"));
    expect(await read()).toMatchObject({ success: false, runResultsPath: file() });
    await writeFile(file(), "{");
    await expect(read()).rejects.toThrow(`${file()} is not what dbt writes there.`);
  });
});
