import path from "node:path";
import { expect, test } from "vitest";
import { environmentValue, renderEnvVars } from "../../../server/config/envVar.ts";
import { expandSettingPath, resolveProgramPath } from "../../../server/config/expandSettingPath.ts";

const context = { workspaceFolder: "/work/shop", homeDir: "/home/é $& x", env: { DIR: "/opt" } };

test.each([
  ["~/.dbt", "/home/é $& x/.dbt"],
  ["~", "/home/é $& x"],
  ["~other/x", "~other/x"],
  ["a~/x", "a~/x"],
  ["${workspaceFolder}/profiles", "/work/shop/profiles"],
  ["${env:DIR}/bin/python", "/opt/bin/python"],
  ["${env:NOT_SET}/bin", "/bin"],
  ["${userHome}\\x", "/home/é $& x\\x"],
  ["${file}", "${file}"],
  [" python3 ", "python3"],
  ["", ""],
])("%s", (value, expanded) => {
  expect(expandSettingPath(value, context)).toBe(expanded);
});

test("a program by path is absolute, a program by name is left for PATH", () => {
  expect(resolveProgramPath(".venv/bin/python", "/work/shop", context)).toBe(
    path.resolve("/work/shop/.venv/bin/python"),
  );
  expect(resolveProgramPath("python3.12", "/work/shop", context)).toBe("python3.12");
});

test("env_var with a default, filters, several in one text, and what only dbt can tell", () => {
  const env = { A: "1", B: "2" };
  expect(renderEnvVars("{{ env_var('A') }}-{{env_var(\"B\")|int}}", env).text).toBe("1-2");
  expect(renderEnvVars("{{ env_var('C', 'c') | as_text }}", env)).toMatchObject({ text: "c", missing: [] });
  expect(renderEnvVars("{{ env_var('C', none) }}", env)).toMatchObject({ text: null, missing: ["C"] });
  expect(renderEnvVars("{{ env_var('A') | upper }}", env)).toMatchObject({ text: null, missing: [] });
  expect(renderEnvVars("{{ var('A') }}", env)).toMatchObject({ text: null, missing: [] });
  expect(renderEnvVars("plain", env)).toMatchObject({ text: "plain", missing: [] });
});

test("names of variables do not tell upper from lower case on Windows alone", () => {
  expect(environmentValue({ Path: "x" }, "PATH", "win32")).toBe("x");
  expect(environmentValue({ Path: "x" }, "PATH", "linux")).toBeUndefined();
});
