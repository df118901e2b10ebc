import { describe, expect, test } from "vitest";
import { FileChangeType } from "vscode-languageserver/node";
import type { LintIssue } from "../../protocol/lint.ts";
import type { ManifestInfo } from "../../protocol/manifest.ts";
import { manifestChangedNotification, manifestInfoRequest, nodeRequest } from "../../protocol/requests.ts";
import type { ManifestUpdate } from "../../server/plugins/dbtPlugin.ts";
import { DbtCompilationError } from "../../server/plugins/errors.ts";
import type { PluginHost } from "../../server/server.ts";
import { dbtProject, type TestProject } from "../harness/dbtProject.ts";
import { type ClientOptions, LspClient } from "../harness/lspClient.ts";
import { manifestText, model } from "../harness/manifestFile.ts";
import { ScriptedPlugin } from "../harness/scriptedPlugin.ts";

/** A plugin that tells what dbt makes of the project. */
class LivePlugin extends ScriptedPlugin {
  readonly asked: (string | null)[] = [];
  readonly answers: (ManifestUpdate | Error)[] = [];

  constructor() {
    super();
    this.capabilities.add("manifestUpdate");
  }

  manifestUpdate = (_project: unknown, since: string | null): Promise<ManifestUpdate> => {
    this.asked.push(since);
    const answer = this.answers.shift() ?? { token: "later", changed: {} };
    return answer instanceof Error ? Promise.reject(answer) : Promise.resolve(answer);
  };
}

interface Options {
  answers?: (ManifestUpdate | Error)[];
  client?: Partial<ClientOptions>;
}

interface Session extends AsyncDisposable {
  client: LspClient;
  plugin: LivePlugin;
  /** dbt has read the project (again). */
  parsed: () => void;
  manifest: (is: (info: ManifestInfo) => boolean) => Promise<ManifestInfo>;
  described: (name: string) => Promise<string | undefined>;
}

async function started(project: TestProject, options: Options = {}): Promise<Session> {
  const plugin = new LivePlugin();
  plugin.answers.push(...(options.answers ?? []));
  let host: PluginHost | undefined;
  const client = await LspClient.start({
    folders: [project.dir],
    plugins: (its) => {
      host = its;
      return { local: () => plugin };
    },
    ...options.client,
  });
  let last: ManifestInfo | undefined;
  client.connection.onNotification(manifestChangedNotification, (info) => {
    last = info;
    client.nudge();
  });
  return {
    client,
    plugin,
    parsed() {
      host?.onStatus(project.dir, { state: "parsing" });
      host?.onStatus(project.dir, { state: "ready" });
    },
    async manifest(is) {
      const { manifests } = await client.connection.sendRequest(manifestInfoRequest, {});
      last = manifests[0] ?? last;
      return await client.waitFor("the manifest", () => (last && is(last) ? last : undefined));
    },
    async described(name) {
      const uniqueId = `model.shop.${name}`;
      const node = await client.connection.sendRequest(nodeRequest, { projectDir: project.dir, uniqueId });
      return node?.description;
    },
    [Symbol.asyncDispose]: () => client[Symbol.asyncDispose](),
  };
}

const old = manifestText({ nodes: [model("models/a.sql", { description: "old" })] });
const whole = manifestText({
  nodes: [model("models/a.sql", { description: "live" }), model("models/b.sql")],
});
const files = { "models/a.sql": "select 1\n", "models/b.sql": "select 1\n" };

describe("a project without a manifest", () => {
  test("is asked of dbt as soon as it is open, once", async () => {
    await using project = await dbtProject({ ...files, "live.json": whole });
    await using session = await started(project, {
      answers: [{ token: "1", file: project.file("live.json") }],
    });
    const info = await session.manifest(({ state }) => state === "ready");
    expect(info).toMatchObject({ origin: "live", counts: { model: 2 } });
    expect(session.plugin.asked).toEqual([null]);
    expect(session.plugin.lints).toEqual([]);
  });

  test("waits for the diagnostics of what is open, and its parse is asked for no second time", async () => {
    await using project = await dbtProject({ ...files, "live.json": whole });
    const linted = Promise.withResolvers<LintIssue[]>();
    await using session = await started(project, {
      answers: [{ token: "1", file: project.file("live.json") }],
    });
    const { client, plugin } = session;
    plugin.script.lint = () => linted.promise;
    await client.open(project.file("models/a.sql"), "select 1\n");
    await client.waitFor("the lint", () => (plugin.lints.length > 0 ? true : undefined));
    session.parsed();
    await session.manifest(({ state }) => state === "loading");
    expect(plugin.asked).toEqual([]);
    linted.resolve([]);
    await session.manifest(({ state }) => state === "ready");
    expect(plugin.asked).toEqual([null]);
  });

  test("is left alone where the workspace is not trusted", async () => {
    await using project = await dbtProject(files);
    await using session = await started(project, {
      client: { initializationOptions: { trusted: false } },
    });
    await session.manifest(({ state }) => state === "none");
    expect(session.plugin.asked).toEqual([]);
  });
});

describe("what dbt makes of the project now", () => {
  test("takes the place of what is in target/, and then changes entry by entry", async () => {
    await using project = await dbtProject({ ...files, "target/manifest.json": old, "live.json": whole });
    await using session = await started(project);
    const { plugin } = session;
    await session.manifest(({ state, stale }) => state === "ready" && stale);
    plugin.answers.push({ token: "1", file: project.file("live.json") });
    session.parsed();
    expect(await session.manifest(({ origin }) => origin === "live")).toMatchObject({
      stale: false,
      counts: { model: 2 },
    });
    expect(await session.described("a")).toBe("live");

    plugin.answers.push({
      token: "2",
      changed: {
        nodes: {
          "model.shop.a": model("models/a.sql", { description: "newer" }),
          "model.shop.b": null,
          "model.shop.c": model("models/c.sql", { parents: ["model.shop.a"] }),
        },
      },
    });
    session.parsed();
    await session.manifest(({ counts }) => counts.model === 2);
    await session.client.waitFor("the second question", () => (plugin.asked.length === 2 ? true : undefined));
    expect(plugin.asked).toEqual([null, "1"]);
    await session.manifest(({ version }) => version > 0);
    expect(await session.described("a")).toBe("newer");
    expect(await session.described("b")).toBeUndefined();
    expect(await session.described("c")).toBe("");
  });

  test("is not undone by an artifact of some command, unless a file is newer", async () => {
    await using project = await dbtProject({ ...files, "live.json": whole });
    await using session = await started(project, {
      answers: [{ token: "1", file: project.file("live.json") }],
    });
    await session.manifest(({ origin }) => origin === "live");
    const target = await project.write("target/manifest.json", old);
    await session.client.filesChanged({ [target]: FileChangeType.Created });
    // The next change comes after that one.
    await session.client.filesChanged({ [project.file("models/a.sql")]: FileChangeType.Changed });
    await session.manifest(({ stale }) => stale);
    expect(await session.described("a")).toBe("live");
    await session.client.filesChanged({ [target]: FileChangeType.Changed });
    await session.manifest(({ origin }) => origin === "target");
    expect(await session.described("a")).toBe("old");
  });

  test("that cannot be told leaves what was there, and is told whole the next time", async () => {
    await using project = await dbtProject({ ...files, "target/manifest.json": old, "live.json": whole });
    await using session = await started(project);
    const { plugin } = session;
    await session.manifest(({ state }) => state === "ready");
    plugin.answers.push(new DbtCompilationError("models/a.sql does not parse"));
    session.parsed();
    const info = await session.manifest(({ message }) => message !== null);
    expect(info).toMatchObject({ state: "ready", origin: "target" });
    expect(info.message).toContain("models/a.sql does not parse");
    plugin.answers.push({ token: "1", file: project.file("live.json") });
    session.parsed();
    expect((await session.manifest(({ origin }) => origin === "live")).message).toBeNull();
    expect(plugin.asked).toEqual([null, null]);
  });

  test("of a deployed environment counts only where it is the newest", async () => {
    await using project = await dbtProject({
      ...files,
      "target/manifest.json": old,
      "deployed.json": manifestText({ metadata: { generated_at: "2020-01-01T00:00:00Z" }, nodes: [] }),
      "newer.json": manifestText({ metadata: { generated_at: "2030-01-01T00:00:00Z" }, nodes: [] }),
    });
    await using session = await started(project);
    const { plugin } = session;
    await session.manifest(({ state }) => state === "ready");
    plugin.answers.push({ token: "1", file: project.file("deployed.json"), origin: "environment" });
    plugin.answers.push({ token: "2", file: project.file("newer.json"), origin: "environment" });
    session.parsed();
    await session.client.waitFor("the first question", () => plugin.asked[0] === null || undefined);
    session.parsed();
    expect(await session.manifest(({ origin }) => origin !== "target")).toMatchObject({
      origin: "environment",
      generatedAt: Date.parse("2030-01-01T00:00:00Z"),
    });
    expect(plugin.asked).toEqual([null, "1"]);
  });
});
