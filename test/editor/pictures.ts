import { mkdirSync, mkdtempSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { chromium, type Browser } from "playwright-core";
import {
  installExtensions,
  startCodeServer,
  workbenchUrl,
  writeProfile,
} from "../../scripts/browserEditor.mjs";
import { packageExtension } from "../../scripts/package.mjs";
import { pythonEnvironmentDir } from "../../scripts/pins.mjs";
import { copySample } from "../../scripts/sample.mjs";
import { chromiumLaunch } from "../../scripts/setup/chromium.mjs";
import { repoDir } from "../harness/environment.ts";
import { openWorkbench, pageVerbs } from "./runner/workbench.ts";

/**
 * Takes the README's pictures anew, of the packaged product and the sample in a real editor:
 *   node test/editor/pictures.ts [name ...]     with FLOE_DBT_VSIX=<file> to take them of a package that is already made
 */
interface Picture {
  name: string;
  colorScheme: "dark" | "light";
  file: string;
  height: number;
  /** Files that are there for this picture and those after it. */
  files?: Record<string, string>;
  /** SQLFluff has nothing to say of the file. */
  clean?: boolean;
  /** Brings on the screen what is to be seen, once the file is open and linted. */
  show: (verbs: ReturnType<typeof pageVerbs>) => Promise<void>;
}

const structure = "models/lint_tour/tour_structure.sql";
const problems = async (verbs: ReturnType<typeof pageVerbs>): Promise<void> => {
  await verbs.press("Control+Shift+M");
  await verbs.waitForText("ST03");
};

const pictures: Picture[] = [
  { name: "lint-dark", colorScheme: "dark", file: structure, height: 520, show: problems },
  { name: "lint-light", colorScheme: "light", file: structure, height: 520, show: problems },
  {
    name: "fix",
    colorScheme: "dark",
    file: "models/lint_tour/tour_layout.sql",
    height: 440,
    async show(verbs) {
      await verbs.runCommand("Go to Next Problem in Files (Error, Warning, Info)");
      await verbs.press("Escape");
      await verbs.codeActionMenu();
    },
  },
  {
    name: "doctor",
    colorScheme: "light",
    file: structure,
    height: 760,
    async show(verbs) {
      await verbs.runCommand("Floe dbt: Doctor");
      await verbs.waitForText("No problems found.");
    },
  },
  {
    name: "runs",
    colorScheme: "dark",
    file: structure,
    height: 500,
    files: {
      "models/marts/closed_huts.sql": "select 1 as hut_id\nunion all\nselect 1 as hut_id\n",
      "models/marts/closed_huts.yml":
        "models:\n  - name: closed_huts\n    columns:\n      - name: hut_id\n        data_tests: [unique, not_null]\n",
    },
    async show(verbs) {
      await verbs.runCommand("Floe dbt: Show Runs");
      // The palette has closed when what it did is seen; the next one would be typed into it.
      await verbs.waitForText("dbt has not run here yet");
      await verbs.runCommand("Floe dbt: Run a Selection");
      await verbs.quickPickType("closed_huts");
      await verbs.quickPickRow("select this");
      await verbs.press("Enter");
      await verbs.pickQuickPickItem("dbt build");
      await verbs.treeRowSaying("Runs", "^Build .*failed");
      await verbs.runCommand("Notifications: Clear All Notifications");
      await verbs.press("Control+Shift+M");
      await verbs.waitForText("unique_closed_huts");
    },
  },
  {
    name: "compiled",
    colorScheme: "dark",
    file: "models/intermediate/int_order_lines.sql",
    height: 420,
    clean: true,
    async show(verbs) {
      await verbs.runCommand("Floe dbt: Show Compiled SQL");
      await verbs.waitForText('"main"."stg_order_items"');
    },
  },
  {
    name: "preview",
    colorScheme: "dark",
    file: "models/staging/stg_orders.sql",
    height: 560,
    clean: true,
    async show(verbs) {
      await verbs.waitForText("Preview renamed");
      await verbs.runCommand("Floe dbt: Preview Query Results");
      await verbs.waitForText("60 rows");
    },
  },
];

/** All of them, or those that are named on the command line. */
const isChosen = ({ name }: Picture): boolean => process.argv.length <= 2 || process.argv.includes(name);

const limitBytes = 300 * 1024;
const imagesDir = path.join(repoDir, "docs/images");

/** Nothing but the code, what is found in it, and the status bar. */
const plain = {
  "window.autoDetectColorScheme": true,
  "window.commandCenter": false,
  "workbench.layoutControl.enabled": false,
  "workbench.activityBar.location": "hidden",
  "workbench.navigationControl.enabled": false,
  "editor.minimap.enabled": false,
  "breadcrumbs.enabled": false,
};

async function take(
  picture: Picture,
  { browser, url, workspace }: { browser: Browser; url: string; workspace: string },
): Promise<void> {
  for (const [name, text] of Object.entries(picture.files ?? {})) {
    writeFileSync(path.join(workspace, name), text);
  }
  const { context, page } = await openWorkbench(
    browser,
    workbenchUrl(url, workspace, path.join(workspace, picture.file)),
    {
      viewport: { width: 960, height: picture.height },
      deviceScaleFactor: 2,
      colorScheme: picture.colorScheme,
    },
  );
  const verbs = pageVerbs(page, {
    screenshots: imagesDir,
    suite: () => "",
    openSecond: () => context.newPage(),
  });
  await verbs.statusBarItem("dbt: local · dev");
  if (!picture.clean) await verbs.waitForSquiggle();
  await verbs.press("Control+B");
  await picture.show(verbs);
  await page.mouse.move(480, picture.height - 10);
  // Whatever still moves has come to rest when two pictures in a row are the same.
  let before: Buffer | undefined;
  const file = path.join(imagesDir, `${picture.name}.png`);
  for (
    let now = await page.screenshot({ path: file });
    !before?.equals(now);
    now = await page.screenshot({ path: file })
  )
    before = now;
  await context.close();
  const bytes = statSync(file).size;
  console.log(`${path.relative(repoDir, file)}: ${Math.round(bytes / 1024)} kB`);
  if (bytes > limitBytes) throw new Error(`${file} is larger than ${limitBytes / 1024} kB.`);
}

const temporary = mkdtempSync(path.join(tmpdir(), "floe-dbt-"));
try {
  mkdirSync(imagesDir, { recursive: true });
  const workspace = path.join(temporary, "huts");
  copySample(workspace);
  // As a user has it: an environment in the project, which is found.
  symlinkSync(pythonEnvironmentDir("dbt111"), path.join(workspace, ".venv"));
  const profile = writeProfile(temporary, { settings: plain });
  const vsix = process.env["FLOE_DBT_VSIX"] ?? (await packageExtension()).vsix;
  await installExtensions(profile, [vsix]);
  const editor = await startCodeServer(profile, { args: ["--disable-workspace-trust"] });
  const launch = chromiumLaunch();
  const browser = await chromium.launch({
    executablePath: launch.executablePath,
    env: { ...(process.env as Record<string, string>), ...launch.env },
    args: ["--no-sandbox", "--disable-gpu", "--headless=new"],
  });
  try {
    for (const picture of pictures.filter(isChosen))
      await take(picture, { browser, url: editor.url, workspace });
  } finally {
    await browser.close();
    await editor.stop();
  }
} finally {
  rmSync(temporary, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
}
