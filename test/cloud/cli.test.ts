import { readFile } from "node:fs/promises";
import { afterAll, beforeAll, expect, test } from "vitest";
import { runCloudCancel, runCloudLogs, runCloudRuns } from "../../server/cli/cloud.ts";
import { runDoctor } from "../../server/cli/doctor.ts";
import { runManifest } from "../../server/cli/manifest.ts";
import type { CommandContext } from "../../server/cli/projects.ts";
import { runDbtVerb } from "../../server/cli/run.ts";
import { DbtCancelledError } from "../../server/plugins/errors.ts";
import type { RunVerb } from "../../protocol/run.ts";
import { CloudEmulator, emulatedManifest, emulatedToken } from "../harness/cloudEmulator/emulator.ts";
import { dbtProject, threeModels, type TestProject } from "../harness/dbtProject.ts";

/** `floe-dbt` on dbt Cloud: data on one side, words on the other, the token from the environment. */

let emulator: CloudEmulator;
let project: TestProject;
beforeAll(async () => {
  emulator = await CloudEmulator.start();
  project = await dbtProject({ ...threeModels, "manifest.yaml": emulatedManifest(emulator.url, 0.05) });
});
afterAll(async () => {
  await emulator[Symbol.asyncDispose]();
  await project[Symbol.asyncDispose]();
  expect(emulator.violations).toEqual([]);
});

/** What a command printed and ended with. */
async function floeDbt<Code>(
  work: (
    options: { projectDir: string; runtime: "cloud"; verbose: false },
    context: CommandContext,
  ) => Promise<Code>,
  token: string | undefined = emulatedToken,
) {
  const [data, words]: [string[], string[]] = [[], []];
  const code = await work(
    { projectDir: project.dir, runtime: "cloud", verbose: false },
    {
      terminal: {
        data: (text) => data.push(text),
        words: (text) => words.push(text),
        progress: () => undefined,
        wordStyle: (_format: unknown, text: string) => text,
        style: (_format, text) => text,
      },
      signal: new AbortController().signal,
      env: {
        PATH: process.env["PATH"],
        HOME: project.file(".home"),
        XDG_CACHE_HOME: project.file(".cache"),
        FLOE_SECRET_DBT_CLOUD_API_TOKEN: token,
      },
    },
  );
  expect([...data, ...words].join("\n")).not.toContain(emulatedToken);
  return { code, data: data.join("\n"), words: words.join("\n") };
}

test("without a token the variable that should hold it is named, whatever is asked", async () => {
  const name = /FLOE_SECRET_DBT_CLOUD_API_TOKEN holds/;
  const text = { format: "text" } as const;
  await expect(
    floeDbt((options, context) => runCloudRuns({ ...options, ...text }, context), ""),
  ).rejects.toThrow(name);
  await expect(
    floeDbt((options, context) => runDbtVerb("run", [], { ...options, ...text }, context), ""),
  ).rejects.toThrow(name);
  expect(emulator.requests).toEqual([]);
});

test("where nothing has run yet, that is said", async () => {
  const runs = await floeDbt((options, context) => runCloudRuns({ ...options, format: "text" }, context));
  expect(runs).toMatchObject({ code: 0, data: "", words: expect.stringMatching(/^No runs yet/) as string });
});

test("manifest before any run is an error with what to do", async () => {
  await expect(
    floeDbt((options, context) => runManifest({ ...options, format: "text" }, context)),
  ).rejects.toThrow(/No run of environment .* has a manifest\.json yet\. Compile the project first/);
});

test.each<RunVerb>(["compile", "run", "test"])(
  "%s is a run there, whose page, step and commit are said",
  async (verb) => {
    const before = emulator.runs.length;
    const { code, data, words } = await floeDbt((options, context) =>
      runDbtVerb(verb, [], { ...options, select: ["a"], format: "json" }, context),
    );
    expect(code).toBe(0);
    expect(JSON.parse(data)).toMatchObject({
      success: true,
      metadata: { commit: expect.stringMatching(/^c0ffee/) as string },
    });
    expect(words).toContain(`/runs/${emulator.runs[before]!.id}`);
    expect(words).toContain("dbt Cloud used commit c0ffee0");
    expect(emulator.triggers[before]).toMatchObject({ steps_override: [`dbt ${verb} --select=a`] });
  },
);

test("manifest prints the path of what was fetched, or the manifest itself", async () => {
  const { data } = await floeDbt((options, context) => runManifest({ ...options, format: "text" }, context));
  expect(data).toMatch(/dbt-cloud-cache[\\/]\d+[\\/]manifest\.json$/);
  const whole = await floeDbt((options, context) => runManifest({ ...options, format: "json" }, context));
  expect(JSON.parse(whole.data)).toEqual(JSON.parse(await readFile(data, "utf8")));
});

test("cloud runs, logs and cancel", async () => {
  const runs = await floeDbt((options, context) => runCloudRuns({ ...options, format: "text" }, context));
  expect(runs.data.split("\n")[0]).toMatch(/^70403105000021 {2}success .* c0ffee0 .* dbt test --select=a$/);
  const logs = await floeDbt((options, context) =>
    runCloudLogs("70403105000021", { ...options, step: 4 }, context),
  );
  expect(logs).toEqual({
    code: 0,
    data: "Running with dbt=1.11.0\nDone.\n",
    words: "4. dbt test --select=a (success)",
  });
  emulator.behaviours = [{ statuses: [3] }];
  const { id } = emulator.startRun(emulator.jobs[0]!.id, { cause: "schedule" });
  const cancelled = await floeDbt((options, context) => runCloudCancel(String(id), options, context));
  expect(cancelled.words).toContain("Cancelled");
  expect(emulator.runs.at(-1)!.status).toBe(30);
  // One that had ended was not cancelled, and there is no other.
  const late = await floeDbt((options, context) => runCloudCancel("70403105000021", options, context));
  expect(late.words).toBe("Run 70403105000021 had already ended in dbt Cloud: success.");
  await expect(floeDbt((options, context) => runCloudLogs("99", options, context))).rejects.toThrow(
    /has no run 99/,
  );
});

test.each([
  ["is cancelled there, too", null, /^Cancelled, and run \d+ in dbt Cloud too\.$/],
  ["may go on there", 403, /^Run \d+ could not be cancelled in dbt Cloud and may go on: .*\/runs\/\d+$/],
])("a run that is interrupted %s: that is said, once", async (_name, status, said) => {
  emulator.behaviours = [{ statuses: [3] }];
  if (status !== null) emulator.fault({ kind: "status", status, match: /\/cancel\/$/ });
  const abort = new AbortController();
  const words: string[] = [];
  const running = floeDbt((options, context) =>
    runDbtVerb(
      "run",
      [],
      { ...options, format: "text" },
      {
        ...context,
        signal: abort.signal,
        terminal: {
          ...context.terminal,
          words(text) {
            words.push(text);
            if (text.startsWith("This run:")) abort.abort();
          },
        },
      },
    ),
  );
  await expect(running).rejects.toThrow(DbtCancelledError);
  expect(words.filter((each) => said.test(each))).toHaveLength(1);
});

test("a doctor that is interrupted reports nothing", async () => {
  const signal = AbortSignal.abort();
  await expect(
    floeDbt((options, context) => runDoctor({ ...options, format: "text" }, { ...context, signal })),
  ).rejects.toThrow("aborted");
});

test("the doctor names the secret that holds the token, and whose account it is", async () => {
  const { data } = await floeDbt((options, context) => runDoctor({ ...options, format: "text" }, context));
  expect(data).toContain("dbt-cloud-api-token, or FLOE_SECRET_DBT_CLOUD_API_TOKEN in a terminal");
  expect(data).toContain("Ice Coffee");
});
