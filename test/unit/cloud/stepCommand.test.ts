import { expect, test } from "vitest";
import { DbtConfigurationError } from "../../../server/plugins/errors.ts";
import { resultStep, stepCommand } from "../../../server/plugins/cloud/stepCommand.ts";

const step = (index: number, command: string, status = 10) => ({
  index,
  name: `Invoke dbt with \`${command}\``,
  status,
});

test.each([
  ["dbt docs generate", "dbt build"],
  ["dbt run-operation grant_select", "dbt build"],
  ["dbt source freshness", "dbt --warn-error run"],
  ["dbt docs generate --select build", "dbt --vars '{day: 1}' --target prod test --select run"],
  ["dbt ls --select compile", "dbt --no-partial-parse --log-level debug seed"],
  ["dbt clean", "dbt snapshot"],
])("“%s” after “%s” is not what the run did", (after, command) => {
  const own = step(4, command, 20);
  expect(resultStep([step(3, "dbt deps"), own, step(5, after)])).toBe(own);
  expect(resultStep([step(5, after)])).toBeNull();
});

test("of several commands the last that has ended; of none there are no results", () => {
  const steps = [step(4, "dbt seed"), step(5, "dbt run", 20), step(6, "dbt test", 1)];
  expect(resultStep(steps)?.index).toBe(5);
  expect(resultStep([{ index: 1, name: "Clone git repository", status: 10 }])).toBeNull();
  expect(resultStep([])).toBeNull();
});

test("a selector is one word of the command, whatever is in it, or refused", () => {
  expect(stepCommand("run", { select: "a+ b", exclude: "tag:it's" })).toBe(
    `dbt run --select='a+ b' --exclude='tag:it'"'"'s'`,
  );
  expect(stepCommand("test", { select: "a; rm -rf /" })).toBe("dbt test --select='a; rm -rf /'");
  for (const select of ["a\nb", "`id`", "$(id)"]) {
    expect(() => stepCommand("run", { select })).toThrow(DbtConfigurationError);
  }
});
