import { mkdtemp, readdir, readFile, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { chromium } from "playwright-core";
import {
  installExtensions,
  startCodeServer,
  workbenchUrl,
  writeProfile,
} from "../../scripts/browserEditor.mjs";
import { packageExtension } from "../../scripts/package.mjs";
import { chromiumLaunch } from "../../scripts/setup/chromium.mjs";
import type { Bench } from "./bench.ts";
import { benchProject } from "./projects.ts";

const patienceMs = 60_000;

/** How long our activate() takes in a real VS Code, as the client itself logs it; and how large the package is. */
export const activation: Bench = async ({ repetitions, python, say }) => {
  const vsix = process.env["FLOE_DBT_VSIX"] ?? (await packageExtension()).vsix;
  const project = await benchProject("activation", "sample");
  const launch = chromiumLaunch();
  const browser = await chromium.launch({
    executablePath: launch.executablePath,
    env: { ...definedEnvironment(), ...launch.env },
    args: ["--no-sandbox", "--disable-gpu", "--headless=new"],
  });
  const milliseconds: number[] = [];
  try {
    for (let round = 0; round < Math.min(5, repetitions); round++) {
      say(`activation: VS Code number ${round + 1}`);
      const dir = await mkdtemp(path.join(tmpdir(), "floe-dbt-bench-"));
      try {
        const profile = writeProfile(dir, { machineSettings: { "floeDbt.python.path": python } });
        await installExtensions(profile, [vsix]);
        const editor = await startCodeServer(profile, { args: ["--disable-workspace-trust"] });
        const page = await browser.newPage();
        try {
          await page.goto(workbenchUrl(editor.url, project.dir));
          milliseconds.push(await activatedIn(path.join(dir, "user-data", "logs")));
        } finally {
          await page.close();
          await editor.stop();
        }
      } finally {
        await rm(dir, { recursive: true, force: true, maxRetries: 10, retryDelay: 200 });
      }
    }
  } finally {
    await browser.close();
  }
  const megabytes = (await stat(vsix)).size / 2 ** 20;
  return {
    title: "The client",
    rows: [{ what: "activation in a real VS Code", ours: { name: "activate()", milliseconds }, atMost: 100 }],
    notes: [
      `The .vsix is ${megabytes.toFixed(2)} MB (goal: less than 3 MB): **${megabytes < 3 ? "met" : "missed"}**.`,
      "Loading the bundle before activate() is not in it; Developer: Startup Performance shows both.",
    ],
  };
};

/** Reads what the client logs of itself, as soon as it is there. */
async function activatedIn(logs: string): Promise<number> {
  const until = performance.now() + patienceMs;
  while (performance.now() < until) {
    const files = await readdir(logs, { recursive: true }).catch(() => []);
    for (const file of files.filter((name) => name.endsWith("Floe dbt.log"))) {
      const logged = /Activated in ([\d.]+) ms/.exec(await readFile(path.join(logs, file), "utf8"))?.[1];
      if (logged !== undefined) return Number(logged);
    }
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  throw new Error(`The client did not say within ${patienceMs / 1000} s that it is active.`);
}

function definedEnvironment(): Record<string, string> {
  return Object.fromEntries(
    Object.entries(process.env).filter((entry): entry is [string, string] => entry[1] !== undefined),
  );
}
