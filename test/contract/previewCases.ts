import { describe, expect, test } from "vitest";
import { readsMissing } from "../../client/runs/parentsFirst.ts";
import { DbtCancelledError, DbtCompilationError, DbtExecutionError } from "../../server/plugins/errors.ts";
import { threeModels, type TestProject } from "../harness/dbtProject.ts";
import type { ContractSubject } from "./contractSubject.ts";
import { sharedSubject, type SharedSubject } from "./sharedSubject.ts";

const refOf = (project: TestProject) => ({ projectDir: project.dir, profilesDir: project.dir });
const models = { ...threeModels, "models/a.sql": "select 1 as id, 10 as amount\n" };

/** Rows of a query, in the grid's plain values. @param given where the file has one for all its cases */
export function previewCases(subject: ContractSubject, given?: SharedSubject): void {
  const has = subject.make().plugin.capabilities;
  const showsPlainly = subject.expects.showsPlainly === true;
  describe.runIf(has.has("preview"))(`${subject.name}: preview`, () => {
    const shared = given ?? sharedSubject(subject);

    test("gives typed columns and plain cells of unsaved text and of a fragment, and lets the database go", async () => {
      const { project, made } = await shared.begin(models);
      const path = project.file("models/a.sql");
      const text = `select x as id, 9007199254740993 as big, 1.50::decimal(9, 2) as price, date '2026-01-31' as day,
  timestamp '2026-01-31 10:00:00' as at, null as nothing, x > 1 as more, 'é' as word, 'nan'::double as odd
from range(1, 100) as t(x) order by x\n`;
      const rows = await made.plugin.preview!(refOf(project), { path, text, limit: 3 });
      expect(rows.columns.map(({ name }) => name)).toEqual([
        "id",
        "big",
        "price",
        "day",
        "at",
        "nothing",
        "more",
        "word",
        "odd",
      ]);
      expect(rows.rows).toHaveLength(3);
      expect(rows.rows[1]).toEqual([
        2,
        "9007199254740993",
        "1.50",
        "2026-01-31",
        showsPlainly ? "2026-01-31T10:00:00" : "2026-01-31 10:00:00",
        null,
        true,
        "é",
        showsPlainly ? null : "nan",
      ]);
      if (showsPlainly) expect(rows.columns.every(({ type }) => type === null)).toBe(true);
      else expect(rows.columns[0]?.type).toMatch(/int|number/i);
      expect(rows.sql).toContain(showsPlainly ? "from range(1, 100)" : "limit 3");
      expect(rows.seconds).toBeGreaterThanOrEqual(0);

      // What is asked while it is compiled holds the file in the process that compiles.
      const two = subject.lockDatabase ? "run_query('select 1 + 1').rows[0][0]" : "1 + 1";
      const part = await made.plugin.preview!(refOf(project), {
        path,
        text: `select {{ ${two} }} as two`,
        fragment: true,
        limit: 10,
      });
      expect(part.rows).toEqual([[2]]);
      if (!subject.lockDatabase) return;
      await made.plugin.compileNode!(refOf(project), { path, text: `select {{ ${two} }} as two\n` });
      // Another program can open it at once.
      await using held = await subject.lockDatabase(project.file("shop.duckdb"));
      expect(held).toBeDefined();
      await expect(made.plugin.preview!(refOf(project), { path, limit: 1 })).rejects.toThrow(/lock/i);
    });

    test("the warehouse's words and the compiler's are told apart; a cancel ends the query", async () => {
      const { project, made } = await shared.begin(models);
      const path = project.file("models/a.sql");
      const preview = (text: string, signal?: AbortSignal) =>
        made.plugin.preview!(refOf(project), { path, text, limit: 5 }, signal ? { signal } : {});
      const wrong = preview("select no_such_column from (select 1 as id)");
      await expect(wrong).rejects.toThrow(DbtExecutionError);
      await expect(wrong).rejects.toThrow(/no_such_column/);
      await expect(preview("select * from never_built")).rejects.toSatisfy(({ message }: Error) =>
        readsMissing(message),
      );
      await expect(preview("select 1\nfrom {{ ref('nope') }}")).rejects.toThrow(DbtCompilationError);
      const abort = new AbortController();
      let firedAt = performance.now();
      const endless = made.plugin.preview!(
        refOf(project),
        { path, text: "select count(*) from range(100000000) as x, range(100000000) as y", limit: 5 },
        {
          signal: abort.signal,
          onEvent: ({ type }) => {
            if (type !== "log") return;
            firedAt = performance.now();
            abort.abort();
          },
        },
      );
      if (subject.tellsOfQueries !== true) abort.abort();
      await expect(endless).rejects.toThrow(DbtCancelledError);
      expect(performance.now() - firedAt).toBeLessThan(subject.cancelsWithin ?? 5000);
      expect((await preview("select 7 as n")).rows).toEqual([[7]]);
    });
  });
}
