import { expect, test } from "vitest";
import type { ProjectConfig } from "../../../server/config/projectConfig.ts";
import { engineFailure } from "../../../server/plugins/fusion/engineFailure.ts";
import type { EngineOutcome } from "../../../server/plugins/fusion/engineEvents.ts";

const config = { projectDir: "/shop", problems: [] } as unknown as ProjectConfig;
const failure = (line: string) =>
  engineFailure(
    "run",
    { exitCode: 2, diagnostics: [], otherOutput: [line] } as unknown as EngineOutcome,
    config,
  );

test.each([
  [
    "error: invalid value 'foo:bar' for '--select <SELECT>...': [SelectorError (dbt1600)]: Invalid node selector method: `foo`",
    /^The selection is not one that dbt understands: Invalid node selector method: `foo`\. It takes a name, /,
  ],
  [
    "error: invalid value '@a+' for '--select <SELECT>...': [SelectorError (dbt1600)]: Invalid selector `@a+` - \"@\" and trailing \"+\" are incompatible",
    /^The selection is not one that dbt understands: Invalid selector `@a\+` .* "@" stands alone/,
  ],
  [
    "error: invalid value '?' for '--select <SELECT>...': [SelectorError (dbt1600)]: Something new",
    /^The selection is not one that dbt understands: Something new$/,
  ],
  [
    "error: unexpected argument '--bogus' found",
    /^dbt does not take this: unexpected argument '--bogus' found$/,
  ],
])("what the engine does not take is said with what to write: %#", (line, sentence) => {
  const error = failure(line);
  expect(error.message).toMatch(sentence);
  expect(error.kind).toBe("configuration");
});
