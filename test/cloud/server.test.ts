import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { pathToFileURL } from "node:url";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { ManifestInfo } from "../../protocol/manifest.ts";
import type { TriggerQuestion } from "../../protocol/remote.ts";
import {
  cancelRunRequest,
  chooseJobRequest,
  confirmTriggerRequest,
  manifestChangedNotification,
  nodeRequest,
  remoteActionRequest,
  remoteRequest,
  remoteRunRequest,
  remoteTextRequest,
  runChangedNotification,
  runsRequest,
  secretRequest,
  signInRequest,
  signOutRequest,
  startRunRequest,
  treePathRequest,
} from "../../protocol/requests.ts";
import type { RunHead } from "../../protocol/run.ts";
import { readArtifact } from "../../server/manifest/artifactReader.ts";
import { RedactingLog } from "../../server/platform/log.ts";
import { createCloudRuntime } from "../../server/plugins/cloud/cloudRuntime.ts";
import { readManifestHere } from "../../server/manifest/readManifest.ts";
import {
  CloudEmulator,
  emulatedAccount,
  emulatedJobs,
  emulatedManifest,
  emulatedToken,
} from "../harness/cloudEmulator/emulator.ts";
import { emulatedConfig } from "../harness/cloudEmulator/pluginOnEmulator.ts";
import { dbtProject, threeModels, type TestProject } from "../harness/dbtProject.ts";
import { repoDir } from "../harness/environment.ts";
import { LspClient } from "../harness/lspClient.ts";

/** dbt Cloud through the language server, as an editor sees it. */

const thread = path.join(repoDir, "server", "manifest", "readerThread.ts");
let emulator: CloudEmulator;
let project: TestProject;
let storageDir: string;

beforeEach(async () => {
  emulator = await CloudEmulator.start();
  storageDir = mkdtempSync(path.join(tmpdir(), "floe-dbt-storage-"));
  project = await dbtProject({
    ...threeModels,
    "manifest.yaml": emulatedManifest(emulator.url, 0.05),
  });
});
afterEach(async () => {
  await emulator[Symbol.asyncDispose]();
  await project[Symbol.asyncDispose]();
  rmSync(storageDir, { recursive: true, force: true, maxRetries: 5 });
  expect(emulator.violations).toEqual([]);
});

/** An editor that keeps secrets and asks its person. */
async function editor(kept: Map<string, string>, answer: (question: TriggerQuestion) => string | null) {
  const questions: TriggerQuestion[] = [];
  const runs: RunHead[] = [];
  const client = await LspClient.start({
    folders: [project.dir],
    initializationOptions: { storageDir, remote: true, ownCommands: true },
    plugins: (host) => ({
      cloud: () =>
        createCloudRuntime({
          log: host.log,
          env: { PATH: process.env["PATH"], HOME: storageDir },
          storageDir: host.storageDir,
          version: "0.0.0",
          readManifest: (file, onParts, signal) =>
            readArtifact("manifest", file, { thread, onParts, signal }),
          configOf: (dir) => {
            const { settings, config } = host.projectFacts(dir);
            return {
              config: config.runtimeConfig.cloud,
              commit: settings["cloud.commit"],
              ask: settings["cloud.ask"],
            };
          },
          ...(host.askSecret && { askSecret: host.askSecret }),
          confirm: (question) => host.confirmTrigger(question),
        }),
    }),
  });
  const { connection } = client;
  const manifests: ManifestInfo[] = [];
  connection.onNotification(manifestChangedNotification, (manifest) => {
    manifests.push(manifest);
    client.nudge();
  });
  connection.onRequest(secretRequest, ({ key }) => kept.get(key) ?? null);
  connection.onRequest(confirmTriggerRequest, (question) => {
    questions.push(question);
    return { jobId: answer(question) };
  });
  connection.onNotification(runChangedNotification, ({ run }) => {
    runs.push(run);
    client.nudge();
  });
  await client.waitForStatus((statuses) => statuses.some(({ remote }) => remote === true));
  return {
    client,
    connection,
    questions,
    runs,
    manifests,
    [Symbol.asyncDispose]: () => client[Symbol.asyncDispose](),
  };
}

const when = (its: { client: LspClient; runs: RunHead[] }, what: string, look: (run: RunHead) => boolean) =>
  its.client.waitFor(what, () => its.runs.findLast(look));

test("sign in, look around, run once asked, and sign out", async () => {
  const kept = new Map<string, string>();
  await using its = await editor(kept, ({ job }) => job?.id ?? null);
  const { connection } = its;
  const { dir: projectDir } = project;
  expect(await connection.sendRequest(remoteRequest, { projectDir })).toMatchObject({ state: "signedOut" });
  const offered = its.client.statuses[0]?.capabilities;
  expect(offered).toContain("deployed");
  // There is no Python with SQLFluff here.
  expect(offered).not.toContain("lint");
  expect(offered).not.toContain("fixText");

  await expect(
    connection.sendRequest(signInRequest, { projectDir, token: "dbtc_wrongwrong" }),
  ).rejects.toThrow(/does not accept the token/);
  const signedIn = await connection.sendRequest(signInRequest, { projectDir, token: ` ${emulatedToken}\n` });
  expect(signedIn).toMatchObject({
    accountName: "Ice Coffee",
    accountId: String(emulatedAccount),
    missing: [],
  });
  kept.set(signedIn.secretKey, emulatedToken);

  const overview = await connection.sendRequest(remoteRequest, { projectDir });
  expect(overview).toMatchObject({
    state: "ready",
    jobs: [
      { name: "Nightly", usedFor: ["compile", "run", "test"] },
      { name: "Docs", usedFor: [] },
    ],
    environments: [{ name: "Production", kind: "production", own: true }],
    runs: [],
  });

  const { id } = await connection.sendRequest(startRunRequest, { projectDir, verb: "run", select: "a" });
  const done = await when(its, "the end of the run", (run) => run.id === id && run.state === "success");
  expect(done).toMatchObject({
    runtime: "cloud",
    link: expect.stringContaining("/runs/70403105000001") as string,
    steps: expect.arrayContaining([{ name: "dbt run --select=a", state: "success", seconds: 0 }]) as unknown,
    notices: [expect.stringContaining("dbt Cloud used commit c0ffee0") as string],
  });
  expect(its.questions).toMatchObject([
    { command: "dbt run --select=a", job: { name: "Nightly" }, commit: "the commit its environment is at" },
  ]);

  // The Project view has the environment's manifest, with how its nodes did there.
  const browsed = (what: string, look: (info: ManifestInfo) => boolean) =>
    its.client.waitFor(what, () => its.manifests.findLast(look));
  await browsed("the nodes", ({ state, origin }) => state === "ready" && origin === "environment");
  const node = await connection.sendRequest(nodeRequest, { projectDir, uniqueId: "model.shop.a" });
  expect(node?.lastRun).toMatchObject({ status: "success", seconds: 0.1, inEnvironment: true });
  const uri = pathToFileURL(project.file("models/a.sql")).href;
  const shown = await connection.sendRequest(treePathRequest, { uri, grouping: "folder" });
  expect(shown?.path.at(-1)).toMatchObject({ label: "a", status: "success" });
  emulator.tokens.get(emulatedToken)!.noDiscovery = true;
  const again = await connection.sendRequest(signInRequest, { projectDir, token: emulatedToken });
  expect(again.missing).toEqual([expect.stringContaining("Metadata Only")]);
  await connection.sendRequest(remoteRequest, { projectDir });
  const info = await browsed("what is missing", ({ message }) => message?.includes("Metadata Only") === true);
  expect(info.state).toBe("ready");
  emulator.tokens.get(emulatedToken)!.noDiscovery = false;

  await connection.sendRequest(chooseJobRequest, {
    projectDir,
    kind: "test",
    jobId: String(emulatedJobs.docs),
  });
  const test = await connection.sendRequest(startRunRequest, { projectDir, verb: "test" });
  await when(its, "the end of the test", (run) => run.id === test.id && run.state === "success");
  expect(its.questions).toHaveLength(1);
  expect(emulator.runs.map(({ job }) => job.name)).toEqual(["Nightly", "Docs"]);

  const runId = "70403105000001";
  const detail = await connection.sendRequest(remoteRunRequest, { projectDir, runId });
  expect(detail.steps.map(({ name }) => name)).toContain("dbt run --select=a");
  expect(detail.artifacts).toEqual(["manifest.json", "run_results.json"]);
  const log = await connection.sendRequest(remoteTextRequest, { projectDir, runId, step: 4 });
  expect(log.text).toBe("Running with dbt=1.11.0\nDone.\n");
  const artifact = { projectDir, runId, artifact: "run_results.json" };
  expect((await connection.sendRequest(remoteTextRequest, artifact)).text).toContain("model.shop.a");
  const listed = await connection.sendRequest(remoteRequest, { projectDir });
  expect(listed?.runs[1]).toMatchObject({
    id: runId,
    state: "success",
    cause: "Floe dbt: dbt run --select=a",
  });

  const { secretKey } = await connection.sendRequest(signOutRequest, { projectDir });
  expect(secretKey).toBe(signedIn.secretKey);
  expect(await connection.sendRequest(remoteRequest, { projectDir })).toMatchObject({ state: "signedOut" });
  expect(its.client.log.join("\n")).not.toContain(emulatedToken);
});

test("no is no; cancel in the editor cancels there; what failed there is retried there", async () => {
  emulator.behaviours = [{ statuses: [1, 3] }];
  const secrets = new Map<string, string>();
  let allowed = false;
  await using its = await editor(secrets, ({ job }) => (allowed ? (job?.id ?? null) : null));
  const { connection } = its;
  const { dir: projectDir } = project;
  await connection.sendRequest(signInRequest, { projectDir, token: emulatedToken });
  const refused = await connection.sendRequest(startRunRequest, { projectDir, verb: "build" });
  await when(its, "the refusal", (run) => run.id === refused.id && run.state === "cancelled");
  expect(emulator.runs).toEqual([]);

  allowed = true;
  const { id } = await connection.sendRequest(startRunRequest, { projectDir, verb: "build" });
  await when(its, "its steps", (run) => run.id === id && run.steps.length > 0);
  await connection.sendRequest(cancelRunRequest, { id });
  const cancelled = await when(its, "the cancel", (run) => run.id === id && run.state === "cancelled");
  expect(cancelled.message).toContain("run 70403105000001 in dbt Cloud too");
  expect(emulator.runs[0]!.status).toBe(30);

  emulator.behaviours = [{ statuses: [20] }, { statuses: [3] }];
  const failed = await connection.sendRequest(startRunRequest, { projectDir, verb: "run" });
  await when(
    its,
    "the failure",
    (run) => run.id === failed.id && run.state !== "running" && run.state !== "queued",
  );
  const retried = await connection.sendRequest(remoteActionRequest, {
    projectDir,
    runId: String(emulator.runs[1]!.id),
    action: "retry",
  });
  expect(retried.message).toMatch(/Run 70403105000021 goes on where run 70403105000011 failed/);
  const stopped = await connection.sendRequest(remoteActionRequest, {
    projectDir,
    runId: "70403105000021",
    action: "cancel",
  });
  expect(stopped.message).toContain("Cancelled");
});

test("an editor that is closed in mid-run: dbt goes on there, and the next editor shows its end", async () => {
  emulator.behaviours = [{ statuses: [3] }];
  const kept = new Map<string, string>();
  const first = await editor(kept, ({ job }) => job?.id ?? null);
  const { dir: projectDir } = project;
  const { secretKey } = await first.connection.sendRequest(signInRequest, {
    projectDir,
    token: emulatedToken,
  });
  kept.set(secretKey, emulatedToken);
  const docs = String(emulatedJobs.docs);
  await first.connection.sendRequest(chooseJobRequest, { projectDir, kind: "test", jobId: docs });
  const { id } = await first.connection.sendRequest(startRunRequest, {
    projectDir,
    verb: "run",
    select: "a+",
  });
  await when(first, "its steps", (run) => run.id === id && run.steps.length > 0);
  await first.client[Symbol.asyncDispose]();
  expect(emulator.runs[0]!.status).toBe(3);

  emulator.runs[0]!.behaviour = {};
  await using second = await editor(kept, () => null);
  const done = await when(second, "the end of the run", (run) => run.state === "success");
  expect(done).toMatchObject({ title: "a+", command: expect.stringContaining("a+") as string });
  const { runs } = await second.connection.sendRequest(runsRequest, { projectDir });
  expect(runs.map(({ state, nodes }) => [state, nodes.length])).toEqual([["success", 1]]);
  expect(emulator.triggers).toHaveLength(1);
  expect(emulator.count(/\/cancel\/$/)).toBe(0);
  // The job that was picked is remembered.
  const overview = await second.connection.sendRequest(remoteRequest, { projectDir });
  expect(overview?.jobs.find((job) => job.id === docs)?.usedFor).toEqual(["test"]);
});

test("a person is asked once for each project, always, or never, as the setting says", async () => {
  emulator.behaviours = [{ statuses: [10] }];
  await using other = await dbtProject(threeModels);
  let ask: "first" | "always" | "never" = "first";
  const asked: string[] = [];
  await using runtime = createCloudRuntime({
    log: new RedactingLog(() => undefined),
    env: { PATH: process.env["PATH"], HOME: storageDir },
    storageDir,
    version: "0.0.0",
    readManifest: readManifestHere,
    configOf: () => ({ config: emulatedConfig(emulator.url), commit: "environment", ask }),
    askSecret: () => Promise.resolve(emulatedToken),
    confirm({ projectDir, command, host, accountId, job, commit }) {
      asked.push(projectDir === project.dir ? "project" : "other");
      expect({ command, host, accountId, commit }).toEqual({
        command: "dbt test",
        host: new URL(emulator.url).host,
        accountId: String(emulatedAccount),
        commit: "the commit its environment is at",
      });
      return Promise.resolve(job?.id ?? null);
    },
  });
  const test = async ({ dir }: TestProject) => runtime.runTests({ projectDir: dir });
  await test(project);
  await test(project);
  await test(other);
  expect(asked).toEqual(["project", "other"]);
  ask = "always";
  await test(project);
  expect(asked).toEqual(["project", "other", "project"]);
  ask = "never";
  await test(project);
  expect(asked).toHaveLength(3);
  expect(emulator.runs).toHaveLength(5);
});
