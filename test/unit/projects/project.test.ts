import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { parseSettings } from "../../../protocol/settings.ts";
import { loadProjectConfig } from "../../../server/config/projectConfig.ts";
import { createPluginRegistry } from "../../../server/plugins/registry.ts";
import { Project } from "../../../server/projects/project.ts";
import { ScriptedPlugin } from "../../harness/scriptedPlugin.ts";

let dir: string;
beforeEach(() => {
  dir = mkdtempSync(path.join(tmpdir(), "floe-project-"));
  writeFileSync(path.join(dir, "dbt_project.yml"), "name: huts\nversion: '1.0'\nprofile: huts\n");
});
afterEach(() => rmSync(dir, { recursive: true }));

test("what runs is stopped under its old name, once the new settings are in force", async () => {
  const before = parseSettings({ runtime: "local", target: "dev" }).settings;
  const after = parseSettings({ runtime: "local", target: "prod" }).settings;
  const configOf = (settings: typeof before) =>
    loadProjectConfig(dir, { workspaceDir: dir, settings, env: {}, homeDir: dir });
  const plugin = new ScriptedPlugin();
  const registry = createPluginRegistry({ local: () => plugin });
  const project = new Project(await configOf(before), before, { registry, changed: () => undefined });
  project.live({ state: "ready" });

  const seen: unknown[] = [];
  // Whoever asks again while it stops is given what is in force then.
  plugin.stop = (ref) => {
    seen.push([ref.target, project.settings.target]);
    project.live({ state: "starting" });
    return Promise.resolve();
  };
  await project.reconfigure(await configOf(after), after, { afresh: true });
  expect(seen).toEqual([["dev", "prod"]]);
  expect(project.status.state).toBe("starting");
});
