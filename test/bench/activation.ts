import { mkdtemp, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { chromium, type Page } from "playwright-core";
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

/** How long loading and activating the client takes in a real VS Code, as VS Code says; and how large the package is. */
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
        // Tall enough for the whole list of extensions: rows out of sight do not exist.
        const page = await browser.newPage({ viewport: { width: 1400, height: 2400 } });
        try {
          await page.goto(workbenchUrl(editor.url, project.dir));
          milliseconds.push(await activationTime(page));
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
    rows: [
      {
        what: "activation in a real VS Code",
        ours: { name: "load and activate()", milliseconds },
        atMost: 100,
      },
    ],
    notes: [
      `The .vsix is ${megabytes.toFixed(2)} MB (goal: less than 3 MB): **${megabytes < 3 ? "met" : "missed"}**.`,
      "The time is the one in VS Code's own list of running extensions: loading the bundle and activate().",
    ],
  };
};

/** What VS Code's own list of running extensions says of ours: loading the bundle and activate() together. */
async function activationTime(page: Page): Promise<number> {
  page.setDefaultTimeout(patienceMs);
  await page
    .locator(".statusbar-item", { hasText: /^\s*dbt\b/ })
    .first()
    .waitFor();
  await page.keyboard.press("F1");
  const title = "Developer: Show Running Extensions";
  await page.locator(".quick-input-widget input[type=text]").fill(`>${title}`);
  await page.locator(".quick-input-list .monaco-list-row", { hasText: title }).first().click();
  const row = page.locator(".runtime-extensions-editor .monaco-list-row", { hasText: "Floe dbt" }).first();
  await row.waitFor();
  const text = await row.innerText();
  const time = /Activation: (\d+)\s?ms/.exec(text)?.[1];
  if (time === undefined) throw new Error(`VS Code does not say how long the activation took: ${text}`);
  return Number(time);
}

function definedEnvironment(): Record<string, string> {
  return Object.fromEntries(
    Object.entries(process.env).filter((entry): entry is [string, string] => entry[1] !== undefined),
  );
}
