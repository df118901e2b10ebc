import { expect, test } from "vitest";
import { projectLintResult } from "../../../protocol/lint.ts";
import { checkoutLint } from "../../../server/plugins/cloud/checkoutLint.ts";
import type { DbtPlugin } from "../../../server/plugins/dbtPlugin.ts";

test("a linter that started before the warehouse was known starts anew, once, when it is", async () => {
  const did: string[] = [];
  const linter = {
    lintProject: ({ adapterType }) => {
      did.push(`lint ${adapterType ?? "as the profile says"}`);
      return Promise.resolve(projectLintResult([], { linted: [], skipped: [] }));
    },
    stop: () => {
      did.push("stop");
      return Promise.resolve();
    },
  } satisfies Partial<DbtPlugin>;
  let adapter: string | null = null;
  const lint = checkoutLint(linter as Partial<DbtPlugin> as DbtPlugin, () => Promise.resolve(adapter));
  const once = () => lint.lint({ projectDir: "/shop" }, {}, {});
  await once();
  await once();
  adapter = "snowflake";
  await once();
  await once();
  const last = "lint snowflake";
  expect(did).toEqual(["lint as the profile says", "lint as the profile says", "stop", last, last]);
  expect(lint.supported()).toBe(true);
});
