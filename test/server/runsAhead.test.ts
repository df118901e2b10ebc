import { afterEach, describe, expect, test, vi } from "vitest";
import type { ProjectRef } from "../../server/plugins/dbtPlugin.ts";
import type { PluginHost } from "../../server/server.ts";
import { dbtProject, type TestProject } from "../harness/dbtProject.ts";
import { LspClient } from "../harness/lspClient.ts";
import { ScriptedPlugin } from "../harness/scriptedPlugin.ts";

class PreparingPlugin extends ScriptedPlugin {
  readonly prepared: string[] = [];
  told = (): void => undefined;

  constructor() {
    super();
    this.capabilities.add("prepareRuns");
  }

  prepareRuns({ projectDir }: ProjectRef): Promise<void> {
    this.prepared.push(projectDir);
    this.told();
    return Promise.resolve();
  }
}

async function started(projects: TestProject[], { trusted = true } = {}) {
  const plugin = new PreparingPlugin();
  let host: PluginHost | undefined;
  let made = 0;
  const client = await LspClient.start({
    folders: projects.map(({ dir }) => dir),
    plugins: (its) => {
      host = its;
      return { local: () => (made++, plugin) };
    },
    initializationOptions: { trusted },
  });
  plugin.told = () => client.nudge();
  await client.waitForStatus((all) => all.length === projects.length);
  return {
    client,
    plugin,
    made: () => made,
    cancelled: (project: TestProject) => host?.onRunsCold(project.dir),
    state: (project: TestProject, state: "ready" | "idle" | "degraded") =>
      host?.onStatus(project.dir, { state }),
    prepared: (count: number) =>
      client.waitFor("the preparation", () => plugin.prepared.length === count || undefined),
    [Symbol.asyncDispose]: () => client[Symbol.asyncDispose](),
  };
}

afterEach(() => void vi.useRealTimers());

describe("the runtime gets ready for runs", () => {
  test("once dbt has read the project, at once after a cancel, and again when it was started anew", async () => {
    await using project = await dbtProject();
    await using session = await started([project]);
    // Where dbt has not read the project yet, that comes first.
    session.cancelled(project);
    session.state(project, "ready");
    await session.prepared(1);
    session.cancelled(project);
    await session.prepared(2);
    session.state(project, "degraded");
    session.state(project, "idle");
    await session.client.waitForStatus(([its]) => its?.state === "idle");
    session.state(project, "ready");
    await session.prepared(3);
    expect(new Set(session.plugin.prepared)).toEqual(new Set([project.dir]));
  });

  test("after what a person waits for: the diagnostics of what is open", async () => {
    await using project = await dbtProject({ "models/a.sql": "select 1\n" });
    await using session = await started([project]);
    const order: string[] = [];
    session.plugin.script.lint = async () => {
      // As long as somebody waits for a lint, nothing is got ready.
      session.state(project, "ready");
      await session.client.waitForStatus(([its]) => its?.state === "ready");
      order.push(`linted, ${session.plugin.prepared.length} prepared`);
      return [];
    };
    await session.client.open(project.file("models/a.sql"), "select 1\n");
    await session.prepared(1);
    expect(order).toEqual(["linted, 0 prepared"]);
  });

  test("never where the workspace is not trusted", async () => {
    await using project = await dbtProject({ "models/a.sql": "select 1\n" });
    await using trusted = await started([project]);
    const untrusted = await started([project], { trusted: false });
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    for (const session of [trusted, untrusted]) {
      await session.client.open(project.file("models/a.sql"), "select 1\n");
      session.state(project, "ready");
      session.cancelled(project);
      await session.client.waitForStatus(([its]) => its?.state === "ready");
    }
    await vi.advanceTimersByTimeAsync(2_000);
    vi.useRealTimers();
    await trusted.prepared(1);
    await untrusted[Symbol.asyncDispose]();
    expect(untrusted.made()).toBe(0);
    expect(untrusted.client.log.join("\n")).not.toContain("Getting ready");
  });

  test("of several projects only in those with an open file", async () => {
    await using one = await dbtProject({ "models/a.sql": "select 1\n" }, "one");
    await using other = await dbtProject({ "models/a.sql": "select 1\n" }, "other");
    await using session = await started([one, other]);
    session.state(one, "ready");
    session.state(other, "ready");
    await session.client.open(other.file("models/a.sql"), "select 1\n");
    await session.prepared(1);
    expect(session.plugin.prepared).toEqual([other.dir]);
  });
});
