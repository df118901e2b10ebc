import { mkdir, rm } from "node:fs/promises";
import path from "node:path";
import { describe, expect, test } from "vitest";
import { FileChangeType } from "vscode-languageserver/node";
import {
  doctorRequest,
  restartProjectRequest,
  setUpEnvironmentRequest,
  statusRequest,
} from "../../protocol/requests.ts";
import { uriOfPath } from "../../server/platform/uri.ts";
import type { PluginHost } from "../../server/server.ts";
import { dbtProject, dbtProjectYml, profilesYml } from "../harness/dbtProject.ts";
import { LspClient } from "../harness/lspClient.ts";
import { ScriptedPlugin } from "../harness/scriptedPlugin.ts";

interface Session extends AsyncDisposable {
  client: LspClient;
  plugin: ScriptedPlugin;
  host: PluginHost;
}

async function started(folders: string[], configuration?: (folder: string) => unknown): Promise<Session> {
  const plugin = new ScriptedPlugin();
  let host: PluginHost | undefined;
  const client = await LspClient.start({
    folders,
    plugins: (given) => {
      host = given;
      return { local: () => plugin };
    },
    ...(configuration && { configuration }),
  });
  return { client, plugin, host: host!, [Symbol.asyncDispose]: () => client[Symbol.asyncDispose]() };
}

describe("projects", () => {
  test("several roots: each file goes to its own project, with its own settings", async () => {
    await using first = await dbtProject({}, "first");
    await using second = await dbtProject({ "nested/dbt_project.yml": dbtProjectYml }, "second");
    await using session = await started([first.dir, second.dir], (folder) =>
      folder === second.dir ? { target: "other" } : {},
    );
    const { client, plugin } = session;
    await client.waitForStatus((all) => all.length === 3);
    const targets = new Map(client.statuses.map(({ projectDir, target }) => [projectDir, target]));
    expect(targets.get(first.dir)).toBe("dev");
    expect(targets.get(second.dir)).toBe("other");
    expect(targets.has(second.file("nested"))).toBe(true);
    for (const file of [
      first.file("models/a.sql"),
      second.file("models/a.sql"),
      second.file("nested/models/a.sql"),
    ]) {
      const uri = await client.open(file, "select 1\n");
      await client.waitForDiagnostics(uri, () => true);
    }
    expect(plugin.lints.map((lint) => lint.project.projectDir)).toEqual([
      first.dir,
      second.dir,
      second.file("nested"),
    ]);
    expect(plugin.lints.map((lint) => lint.project.target)).toEqual([undefined, "other", undefined]);
  });

  test("folders and projects that come and go", async () => {
    await using first = await dbtProject({}, "first");
    await using second = await dbtProject({}, "second");
    await using session = await started([first.dir]);
    const { client } = session;
    await client.waitForStatus((all) => all.length === 1);
    const folder = { uri: uriOfPath(second.dir), name: "second" };
    await client.connection.sendNotification("workspace/didChangeWorkspaceFolders", {
      event: { added: [folder], removed: [] },
    });
    await client.waitForStatus((all) => all.length === 2);
    await rm(first.file("dbt_project.yml"));
    await client.filesChanged({ [first.file("dbt_project.yml")]: FileChangeType.Deleted });
    await client.waitForStatus((all) => all.length === 1 && all[0]?.projectDir === second.dir);
  });

  test("a folder without a project starts nothing", async () => {
    await using project = await dbtProject();
    const empty = path.join(project.dir, "..", "empty");
    await mkdir(empty);
    await using session = await started([empty]);
    const { projects } = await session.client.connection.sendRequest(statusRequest, {});
    expect(projects).toEqual([]);
    await session.client.open(path.join(empty, "a.sql"), "select 1\n");
    await session.client.connection.sendRequest(statusRequest, {});
    expect(session.plugin.lints).toEqual([]);
  });

  test("what the plugin says of a project is its status", async () => {
    await using project = await dbtProject();
    await using session = await started([project.dir]);
    const { client, host } = session;
    await client.waitForStatus((all) => all.length === 1);
    const versions = { "dbt-core": "1.11.16" };
    host.onStatus(project.dir, { state: "degraded", reason: "The project does not parse.", versions });
    const [status] = await client.waitForStatus(([its]) => its?.state === "degraded");
    expect(status).toMatchObject({ reason: "The project does not parse.", versions, runtime: "local" });
  });

  test("whether floe.yaml describes data products is known, also when it comes or goes", async () => {
    await using project = await dbtProject({ "floe.yaml": "transforms:\n  - {name: orders}\n" });
    await using session = await started([project.dir]);
    const { client } = session;
    await client.waitForStatus(([its]) => its?.hasProducts === true);
    await rm(project.file("floe.yaml"));
    await client.filesChanged({ [project.file("floe.yaml")]: FileChangeType.Deleted });
    await client.waitForStatus(([its]) => its !== undefined && its.hasProducts === undefined);
  });

  test("a runtime this product does not have is said, with what to do", async () => {
    await using project = await dbtProject({ "manifest.yaml": "plugins:\n  dbt_runtime: fusion\n" });
    await using session = await started([project.dir]);
    const [status] = await session.client.waitForStatus(([its]) => its?.state === "failed");
    expect(status).toMatchObject({ runtime: "fusion", remedy: { command: "floeDbt.openSettings" } });
    expect(status?.reason).toContain('has no "fusion" environment');
    await session.client.open(project.file("models/a.sql"), "select 1\n");
    await session.client.connection.sendRequest(statusRequest, {});
    expect(session.plugin.lints).toEqual([]);
  });

  test("an environment is set up for the adapter of the target that is chosen", async () => {
    await using project = await dbtProject({
      "profiles.yml": profilesYml.replace("type: duckdb\n      path: other.duckdb", "type: postgres"),
    });
    await using session = await started([project.dir], () => ({ target: "other" }));
    const { client, plugin } = session;
    await client.waitForStatus((all) => all.length === 1);
    const asked: (string | null)[] = [];
    Object.assign(plugin, {
      setUpEnvironment: (_project: unknown, adapterType: string | null) => {
        asked.push(adapterType);
        return Promise.resolve({ python: "/x/.venv/bin/python" });
      },
    });
    await client.connection.sendRequest(setUpEnvironmentRequest, { projectDir: project.dir });
    expect(asked).toEqual(["postgres"]);
  });

  test("what dbt reads anew is linted anew", async () => {
    await using project = await dbtProject();
    await using session = await started([project.dir]);
    const { client, plugin, host } = session;
    const uri = await client.open(project.file("models/a.sql"), "select 1\n");
    await client.waitForDiagnostics(uri, () => true);
    for (const state of ["parsing", "ready", "parsing"] as const) host.onStatus(project.dir, { state });
    expect(plugin.lints).toHaveLength(1);
    const shown = client.published.length;
    host.onStatus(project.dir, { state: "ready" });
    await client.waitFor("another lint", () => (client.published.length > shown ? true : undefined));
    expect(plugin.lints).toHaveLength(2);
  });

  test("files that change are told to a plugin that runs, and to none else", async () => {
    await using project = await dbtProject();
    await using session = await started([project.dir]);
    const { client, plugin, host } = session;
    await client.waitForStatus((all) => all.length === 1);
    const changed = (file: string) => client.filesChanged({ [project.file(file)]: FileChangeType.Changed });
    await changed("models/before.sql");
    await client.connection.sendRequest(statusRequest, {});
    host.onStatus(project.dir, { state: "ready" });
    await changed("target/compiled/a.sql");
    await changed("models/a.sql");
    await changed("dbt_packages/p/models/b.sql");
    await client.connection.sendRequest(statusRequest, {});
    expect(plugin.changed).toEqual([
      project.file("models/a.sql"),
      project.file("dbt_packages/p/models/b.sql"),
    ]);
  });

  test("a new target stops what runs for the old one", async () => {
    await using project = await dbtProject();
    let section = {};
    await using session = await started([project.dir], () => section);
    const { client, plugin, host } = session;
    await client.waitForStatus((all) => all.length === 1);
    host.onStatus(project.dir, { state: "ready" });
    section = { target: "other" };
    await client.connection.sendNotification("workspace/didChangeConfiguration", { settings: null });
    const [status] = await client.waitForStatus(([its]) => its?.target === "other");
    expect(status?.state).toBe("idle");
    expect(plugin.stops).toBe(1);
    await client.connection.sendRequest(restartProjectRequest, { projectDir: project.dir });
    expect(plugin.stops).toBe(2);
  });
});

describe("configuration", () => {
  test.each([
    ["profilesDir", { profilesDir: "elsewhere" }],
    ["python.path", { python: { path: "/opt/python" } }],
    ["envFile", { envFile: "${workspaceFolder}/prod.env" }],
    ["runtime", { runtime: "cloud" }],
  ])("a change of %s stops what runs with the old one, and lints again", async (_name, changed) => {
    await using project = await dbtProject({ "elsewhere/profiles.yml": profilesYml });
    let section = {};
    await using session = await started([project.dir], () => section);
    const { client, plugin, host } = session;
    const uri = await client.open(project.file("models/a.sql"), "select 1\n");
    await client.waitForDiagnostics(uri, () => true);
    host.onStatus(project.dir, { state: "ready" });
    await client.waitForStatus(([its]) => its?.state === "ready");
    section = changed;
    await client.connection.sendNotification("workspace/didChangeConfiguration", { settings: null });
    await client.waitForStatus(([its]) => its?.state === ("runtime" in changed ? "failed" : "idle"));
    expect(plugin.stops).toBe(1);
    if (!("runtime" in changed)) {
      await client.waitFor("another lint", () => (plugin.lints.length > 1 ? true : undefined));
    }
  });

  test("a setting that has nothing to do with how dbt runs stops nothing", async () => {
    await using project = await dbtProject();
    let section = {};
    await using session = await started([project.dir], () => section);
    const { client, plugin, host } = session;
    await client.waitForStatus((all) => all.length === 1);
    host.onStatus(project.dir, { state: "ready" });
    await client.waitForStatus(([its]) => its?.state === "ready");
    section = { lint: { run: "onSave" } };
    await client.connection.sendNotification("workspace/didChangeConfiguration", { settings: null });
    await client.connection.sendRequest(statusRequest, {});
    expect(plugin.stops).toBe(0);
  });

  test("manifest.yaml that chooses another runtime, and takes it back", async () => {
    await using project = await dbtProject({ "manifest.yaml": "plugins:\n  dbt_runtime: local\n" });
    await using session = await started([project.dir]);
    const { client, plugin, host } = session;
    await client.waitForStatus(([its]) => its?.runtimeReason.startsWith("manifest.yaml") === true);
    host.onStatus(project.dir, { state: "ready" });
    await client.waitForStatus(([its]) => its?.state === "ready");
    const chosen = async (runtime: string): Promise<void> => {
      const filePath = await project.write("manifest.yaml", `plugins:\n  dbt_runtime: ${runtime}\n`);
      await client.filesChanged({ [filePath]: FileChangeType.Changed });
    };
    await chosen("cloud");
    await client.waitForStatus(([its]) => its?.state === "failed" && its.runtime === "cloud");
    expect(plugin.stops).toBe(1);
    await chosen("local");
    await client.waitForStatus(([its]) => its?.state === "idle" && its.runtime === "local");
  });

  test("a profiles.yml outside the project is read again, and told to the plugin", async () => {
    await using elsewhere = await dbtProject({ "dbt_project.yml": null }, "home");
    await using project = await dbtProject({ "profiles.yml": null });
    await using session = await started([project.dir], () => ({ profilesDir: elsewhere.dir }));
    const { client, plugin, host } = session;
    await client.waitForStatus(([its]) => its?.target === "dev");
    host.onStatus(project.dir, { state: "ready" });
    await client.waitForStatus(([its]) => its?.state === "ready");
    const filePath = await elsewhere.write(
      "profiles.yml",
      profilesYml.replace("target: dev", "target: other"),
    );
    await client.filesChanged({ [filePath]: FileChangeType.Changed });
    await client.waitForStatus(([its]) => its?.target === "other");
    await client.connection.sendRequest(statusRequest, {});
    expect(plugin.changed).toEqual([filePath]);
  });

  test("a variable that a .env file brings mends what missed it, and what runs is started with it", async () => {
    const asks = profilesYml.replace("env_var('SHOP_DUCKDB', 'shop.duckdb')", "env_var('SHOP_PLACE')");
    await using project = await dbtProject({ "profiles.yml": asks });
    await using session = await started([project.dir]);
    const { client, plugin, host } = session;
    const profiles = uriOfPath(project.file("profiles.yml"));
    await client.waitForDiagnostics(profiles, (all) => all.some(({ code }) => code === "missing-env-var"));
    await client.open(project.file("models/a.sql"), "select 1\n");
    await client.waitFor("a lint", () => (plugin.lints.length > 0 ? true : undefined));
    host.onStatus(project.dir, { state: "ready" });
    await client.waitForStatus(([its]) => its?.state === "degraded");
    const filePath = await project.write(".env", "SHOP_PLACE=shop.duckdb\n");
    await client.filesChanged({ [filePath]: FileChangeType.Created });
    await client.waitForDiagnostics(profiles, (all) => all.length === 0);
    await client.waitForStatus(([its]) => its?.state === "idle");
    expect(plugin.stops).toBe(1);
    await client.waitFor("another lint", () => (plugin.lints.length > 1 ? true : undefined));
  });

  test("a mistake is shown at its line, live from the text that is typed, and goes with it", async () => {
    await using project = await dbtProject();
    await using session = await started([project.dir]);
    const { client } = session;
    const text = dbtProjectYml;
    const uri = await client.open(project.file("dbt_project.yml"), text, "yaml");
    await client.change(uri, text.replace("profile: shop", "profile: shopp"));
    const [diagnostic] = await client.waitForDiagnostics(uri, (all) => all.length === 1);
    expect(diagnostic).toMatchObject({ source: "floe dbt", severity: 1, range: { start: { line: 2 } } });
    await client.waitForStatus(([its]) => its?.reason?.includes("dbt_project.yml, line 3") === true);
    await client.change(uri, text);
    await client.waitForDiagnostics(uri, (all) => all.length === 0);
  });

  test("a file that changes on disk is read again", async () => {
    await using project = await dbtProject();
    await using session = await started([project.dir]);
    const { client } = session;
    await client.waitForStatus(([its]) => its?.target === "dev");
    const filePath = await project.write("profiles.yml", profilesYml.replace("target: dev", "target: nope"));
    await client.filesChanged({ [filePath]: FileChangeType.Changed });
    await client.waitForDiagnostics(uriOfPath(filePath), (all) => all.length === 1);
  });
});

describe("doctor", () => {
  test("facts, the search, problems with their remedies, and no secret in the report", async () => {
    await using project = await dbtProject();
    await using session = await started([project.dir]);
    const { client, plugin, host } = session;
    host.log.hide("hunter2hunter2");
    plugin.script.report = {
      facts: [{ label: "Interpreter", value: "/venv/bin/python hunter2hunter2" }],
      searched: [{ place: ".venv", found: "/venv/bin/python", chosen: true }],
      problems: [
        { severity: "error", message: "SQLFluff is missing.", remedy: { title: "Set Up Environment" } },
      ],
      versions: { "dbt-core": "1.11.16" },
    };
    const { projects, markdown } = await client.connection.sendRequest(doctorRequest, {});
    expect(projects[0]?.problems[0]?.message).toBe("SQLFluff is missing.");
    expect(markdown).toContain("- .venv: /venv/bin/python **(chosen)**");
    expect(markdown).toContain("- error: SQLFluff is missing. Remedy: Set Up Environment.");
    expect(markdown).not.toContain("hunter2");
  });
});
