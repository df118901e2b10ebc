import fc from "fast-check";
import { expect, test } from "vitest";
import { loadProjectConfig } from "../../../server/config/projectConfig.ts";
import { goodProject } from "./projectOnDisk.ts";

const texts: Record<string, string> = {
  "dbt_project.yml": `${goodProject["dbt_project.yml"]}model-paths: [a, "{{ env_var('A', 'b') }}"]\nvars: &v {a: 1}\nmodels:\n  <<: *v\n`,
  "profiles.yml": `${goodProject["profiles.yml"]}      password: "{{ env_var('P') }}"\n`,
  "manifest.yaml":
    "plugins:\n  dbt_runtime: cloud\n  dbt_runtime_config:\n    cloud: {account_id: 1, api_token_ref: x, job_ids: {run: 1}}\n  dbt: {type: core, config: {python: ./x}}\n",
  "floe.yaml":
    "platform: {manifest: manifest.yaml}\ntransforms:\n  - {type: dbt, path: m}\n  - {name: a, tags: [b]}\n",
  "selectors.yml": "selectors:\n  - {name: a, definition: {method: tag, value: b}}\n",
  "packages.yml": "packages:\n  - package: a/b\n    version: 1\n",
};

const junk = fc.oneof(
  fc.constantFrom(
    "{",
    "}",
    "[",
    "]",
    ":",
    "- ",
    "\t",
    "\n",
    "\r\n",
    "'",
    '"',
    "*v",
    "&v ",
    "<<: ",
    "? ",
    "!!binary ",
    "!!set ",
    "---\n",
    "%",
    "|",
    "~",
    "__proto__: ",
    "{{ env_var('X') }}",
    "2024-01-01",
    ".inf",
    "\0",
    "\uFEFF",
    "🧊",
    "\ud800",
  ),
  fc.string({ unit: "binary", maxLength: 5 }),
);
const mutation = fc.record({ at: fc.double({ min: 0, max: 1, noNaN: true }), cut: fc.nat(12), put: junk });

test("whatever stands in the files, there is an answer, and every place is in its file", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom(...Object.keys(texts)),
      fc.array(mutation, { minLength: 1, maxLength: 6 }),
      async (name, mutations) => {
        const mutated = mutations.reduce((text, { at, cut, put }) => {
          const start = Math.floor(at * text.length);
          return text.slice(0, start) + put + text.slice(start + cut);
        }, texts[name] ?? "");
        const config = await loadProjectConfig("/nowhere/shop", {
          workspaceDir: "/nowhere",
          env: {},
          homeDir: "/nowhere/home",
          settings: { runtime: "auto", target: "", profilesDir: "" },
          text: (filePath) => {
            const [file] = Object.keys(texts).filter((each) =>
              filePath.replaceAll("\\", "/").endsWith(`/shop/${each}`),
            );
            return file === name ? mutated : file && texts[file];
          },
        });
        const lines = mutated.split(/\n/);
        for (const { range, message, filePath } of config.problems) {
          expect(message).toMatch(/[.?)]$/);
          expect(range.end.line > range.start.line || range.end.character >= range.start.character).toBe(
            true,
          );
          if (filePath.endsWith(name)) expect(range.end.line).toBeLessThanOrEqual(lines.length);
        }
      },
    ),
    { numRuns: 150 },
  );
});
