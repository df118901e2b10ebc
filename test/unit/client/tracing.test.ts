import { expect, test } from "vitest";
import type { LogOutputChannel } from "vscode";
import { neverTrace, traceLog } from "../../../client/tracing.ts";

test("what is traced between client and server has no token in it; all else is the log's own", () => {
  const lines: string[] = [];
  const log = Object.freeze({
    name: "Floe dbt",
    logLevel: 1,
    trace: (line: string) => void lines.push(line),
  });
  const tracing = traceLog(log as unknown as LogOutputChannel);
  neverTrace(undefined);
  neverTrace("dbtc_1234");
  tracing.trace('Sending request \'dbt/signIn - (7)\'. Params: { "token": "dbtc_1234" }');
  expect(lines).toEqual(['Sending request \'dbt/signIn - (7)\'. Params: { "token": "***" }']);
  expect([tracing.name, tracing.logLevel]).toEqual(["Floe dbt", 1]);
});
