import { expect, test } from "vitest";
import type { RemoteRun } from "../../../protocol/remote.ts";
import { runText, runTitle } from "../../../client/remote/remoteTexts.ts";

const run = (more: Partial<RemoteRun> = {}): RemoteRun => ({
  id: "7",
  state: "success",
  jobName: "Nightly",
  cause: "Scheduled",
  commit: "c0ffee00c0ffee",
  branch: null,
  createdAt: 0,
  startedAt: 10_000,
  finishedAt: 52_000,
  link: "",
  ...more,
});

test.each([
  ["Floe dbt: dbt run --select=stg_orders", "run stg_orders"],
  ["Floe dbt: dbt build --select=a+ --exclude=c --full-refresh", "build a+ --exclude=c --full-refresh"],
  ["Floe dbt: dbt test", "test"],
  ["Kicked off from UI by Ada\nfor a look", "Kicked off from UI by Ada"],
  [null, "Run 7"],
])("a run with the cause %j is called %j: what tells it from others comes first", (cause, title) => {
  expect(runTitle(run({ cause }))).toBe(title);
});

test("job, commit, when and how long, as far as they are known", () => {
  expect(runText(run(), 180_000)).toBe("Nightly · c0ffee0 · 3 min ago · took 42 s");
  expect(runText(run({ jobName: null, commit: null, finishedAt: null }), 5_000)).toBe("just now");
});
