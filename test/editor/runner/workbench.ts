import type {
  Browser,
  BrowserContext,
  BrowserContextOptions,
  Frame,
  Page as BrowserPage,
} from "playwright-core";
import { mkdirSync } from "node:fs";
import path from "node:path";
import * as z from "zod";
import type { Page } from "../bridge.ts";
import { treeVerbs } from "./treeVerbs.ts";

/** Generous: beside two other loads, the first run of dbt takes half of it. */
const limit = 50_000;

/** One window of VS Code in a browser. */
export async function openWorkbench(
  browser: Browser,
  url: string,
  options: BrowserContextOptions = {},
): Promise<{ context: BrowserContext; page: BrowserPage }> {
  const context = await browser.newContext({
    viewport: { width: 1400, height: 900 },
    permissions: ["clipboard-read", "clipboard-write"],
    ...options,
  });
  const page = await context.newPage();
  page.setDefaultTimeout(limit);
  await page.goto(url);
  await page.locator(".monaco-workbench").waitFor();
  return { context, page };
}

/** What tests can ask of the page (bridge.ts), on a real one. */
export function pageVerbs(
  page: BrowserPage,
  options: { screenshots: string; suite: () => string; openSecond: () => Promise<BrowserPage> },
): Page {
  let second: BrowserPage | undefined;
  const opened = pagesOpenedBy(page);
  const item = (of: BrowserPage, pattern: string) =>
    of.locator(".statusbar-item", { hasText: new RegExp(pattern) }).first();
  const textOf = async (of: BrowserPage, pattern: string): Promise<string> => {
    await item(of, pattern).waitFor();
    return (await item(of, pattern).innerText()).trim();
  };
  return {
    statusBarItem: (pattern) => textOf(page, pattern),
    statusBar: async () =>
      (await page.locator(".statusbar-item").allInnerTexts()).map((text) => text.trim()).filter(Boolean),
    statusBarLabel: async (pattern) => {
      await item(page, pattern).waitFor();
      return (await item(page, pattern).locator("a").first().getAttribute("aria-label")) ?? "";
    },
    clickStatusBarItem: (pattern) => item(page, pattern).locator("a").first().click(),
    runCommand: async (title) => {
      await page.keyboard.press("F1");
      const input = page.locator(".quick-input-widget input[type=text]");
      await input.waitFor();
      await input.fill(`>${title}`);
      await page.locator(".quick-input-list .monaco-list-row", { hasText: title }).first().click();
    },
    paletteItems: async (typed) => {
      await page.keyboard.press("F1");
      await page.locator(".quick-input-widget input[type=text]").fill(`>${typed}`);
      const rows = page.locator(".quick-input-list .monaco-list-row");
      await rows.filter({ hasText: typed }).first().waitFor();
      return (await rows.locator(".label-name").allInnerTexts()).map(oneLine);
    },
    press: (keys) => page.keyboard.press(keys),
    clickButton: (text) =>
      page.locator(".monaco-button, .monaco-text-button, a.action-label", { hasText: text }).first().click(),
    clickTitleAction: (title) =>
      page
        .locator(
          `.title-actions .action-label[aria-label^="${title}"], .editor-actions .action-label[aria-label^="${title}"], .pane-header .action-label[aria-label^="${title}"]`,
        )
        .filter({ visible: true })
        .first()
        .click(),
    waitForText: (text) => waitForText(page, text),
    quickPickItems: async () => {
      // The command palette, which may still be closing, is the same widget with a ">" before what is typed.
      await page.waitForFunction(
        `!(document.querySelector(".quick-input-widget input[type=text]")?.value ?? ">").startsWith(">") &&
          document.querySelector(".quick-input-list .monaco-list-row") !== null`,
      );
      return (await page.locator(".quick-input-list .monaco-list-row .label-name").allInnerTexts()).map(
        oneLine,
      );
    },
    quickPickType: (text) => page.locator(".quick-input-widget input[type=text]").fill(text),
    quickPickRow: async (text) => {
      const row = page.locator(".quick-input-list .monaco-list-row", { hasText: text }).first();
      await row.waitFor();
      return oneLine(await row.innerText());
    },
    pickQuickPickItem: (text) =>
      page.locator(".quick-input-list .monaco-list-row", { hasText: text }).first().click(),
    codeActionMenu: async () => {
      await page.keyboard.press("Control+.");
      const rows = page.locator(".action-widget .monaco-list-row.action");
      await rows.first().waitFor();
      return (await rows.allInnerTexts()).map(oneLine);
    },
    chooseCodeAction: (title) =>
      page.locator(".action-widget .monaco-list-row.action", { hasText: title }).first().click(),
    hoverText: async (text) => {
      const hover = page
        .locator(".monaco-hover:visible, .workbench-hover:visible", { hasText: text })
        .first();
      await hover.waitFor();
      return oneLine(await hover.innerText());
    },
    statusBarTooltip: async (pattern) => {
      await item(page, pattern).hover();
      const hover = page.locator(".workbench-hover:visible").first();
      await hover.waitFor();
      const text = await hover.innerText();
      await page.mouse.move(700, 300);
      return oneLine(text);
    },
    notification: async (text) => {
      const toast = page.locator(".notification-list-item", { hasText: text }).first();
      await toast.waitFor();
      const message = await toast.locator(".notification-list-item-message").innerText();
      const buttons = await toast
        .locator(".notification-list-item-buttons-container .monaco-button")
        .allInnerTexts();
      return { message: oneLine(message), buttons: buttons.map(oneLine).filter(Boolean) };
    },
    clickWebviewLink: (text) =>
      inAnyFrame(page, `link “${text}”`, async (frame) => {
        const link = frame.getByRole("link", { name: text }).first();
        await link.waitFor({ timeout: limit });
        await link.click();
      }),
    clickWebviewPart: async (role, text) => {
      const part = (frame: Frame) => frame.getByRole(role as "button", { name: text }).first();
      const frame = await webviewWith(page, `${role} “${text}”`, (each) => part(each).waitFor());
      await part(frame).click();
    },
    webviewPartMenu: async (role, text) => {
      const part = (frame: Frame) => frame.getByRole(role as "button", { name: text }).first();
      const frame = await webviewWith(page, `${role} “${text}”`, (each) => part(each).waitFor());
      await part(frame).click({ button: "right" });
      await page.locator(".context-view .monaco-menu .action-label").first().waitFor();
    },
    webviewGrid: async () => {
      const frame = await webviewWith(page, "a grid", (each) => each.locator("[role=grid].grid").waitFor());
      return z.array(z.array(z.string())).parse(await frame.evaluate(cellsOfRows));
    },
    fillWebviewField: async (label, text) => {
      const field = (frame: Frame) => frame.getByLabel(label).first();
      const frame = await webviewWith(page, `field “${label}”`, (each) => field(each).waitFor());
      await field(frame).fill(text);
      await field(frame).press("Enter");
    },
    refactorPreviewRows: async () => {
      const rows = page.locator(".bulk-edit-panel .monaco-list-row");
      await rows.first().waitFor();
      return (await rows.allInnerTexts()).map(oneLine);
    },
    outputChannel: async () => {
      const chosen = page.locator(".part.panel .monaco-select-box option:checked").first();
      await chosen.waitFor({ state: "attached" });
      return oneLine((await chosen.textContent()) ?? "");
    },
    waitForSquiggle: () =>
      page.locator(".squiggly-error, .squiggly-warning, .squiggly-info").first().waitFor(),
    waitForDecoration: async (text) => {
      await page.waitForFunction(
        `[...document.querySelectorAll(".view-line span")].some((part) =>
          getComputedStyle(part, "::before").content.replaceAll("\\u00a0", " ").includes(${JSON.stringify(text)}))`,
      );
    },
    squiggles: async () => ({
      error: await page.locator(".squiggly-error").count(),
      warning: await page.locator(".squiggly-warning").count(),
      info: await page.locator(".squiggly-info").count(),
    }),
    ...treeVerbs(page),
    openWalkthroughStep: (title) => walkthroughStep(page, title).click(),
    walkthroughStepDone: (title) =>
      walkthroughStep(page, title).locator("[role=checkbox][aria-checked=true]").waitFor(),
    walkthroughSteps: async () =>
      (await page.locator(".getting-started-step .step-title").allInnerTexts()).map(oneLine),
    openedPages: opened,
    type: (text) => page.keyboard.type(text, { delay: 15 }),
    screenshot: async (name) => {
      mkdirSync(options.screenshots, { recursive: true });
      await page.screenshot({ path: path.join(options.screenshots, `${options.suite()}-${name}.png`) });
    },
    openSecondWindow: async () => {
      second = await options.openSecond();
    },
    secondWindowStatusBarItem: (pattern) => {
      if (!second) throw new Error("There is no second window.");
      return textOf(second, pattern);
    },
    closeSecondWindow: async () => {
      await second?.close();
      second = undefined;
    },
  };
}

const walkthroughStep = (page: BrowserPage, title: string) =>
  page.locator(".getting-started-step", { has: page.locator(".step-title", { hasText: title }) });

/** Pages that a page opens in tabs of their own; each is closed as soon as its address is known. */
function pagesOpenedBy(page: BrowserPage): () => Promise<string[]> {
  const addresses: string[] = [];
  const first = Promise.withResolvers<undefined>();
  page.on("popup", (popup) => {
    void popup
      .waitForURL((url) => url.protocol.startsWith("http"), { waitUntil: "commit" })
      .catch(() => undefined)
      .then(() => {
        addresses.push(popup.url());
        first.resolve(undefined);
        return popup.close();
      });
  });
  return async () => {
    const timer = setTimeout(() => first.reject(new Error("No page was opened.")), limit);
    await first.promise.finally(() => clearTimeout(timer));
    return [...addresses];
  };
}

/** Evaluated in the page. */
const cellsOfRows = `[...document.querySelectorAll("[role=grid].grid [role=row]")].map((row) =>
  [...row.querySelectorAll("[role]")].map((cell) => cell.textContent))`;

const oneLine = (text: string): string => text.replace(/\s+/g, " ").trim();

async function waitForText(page: BrowserPage, text: string): Promise<void> {
  await inAnyFrame(page, `“${text}”`, (frame) =>
    frame.getByText(text).filter({ visible: true }).first().waitFor({ timeout: limit }),
  );
}

/** The webview in which `look` succeeds first. What is done in it comes after: the other looks go on for a while. */
async function webviewWith(
  page: BrowserPage,
  what: string,
  look: (frame: Frame) => Promise<void>,
): Promise<Frame> {
  let found: Frame | undefined;
  await inAnyFrame(page, what, async (frame) => {
    if (frame === page.mainFrame()) throw new Error("This is no webview.");
    await look(frame);
    found ??= frame;
  });
  if (!found) throw new Error(`${what} is gone again.`);
  return found;
}

/** Webviews are frames in frames, which come and go: `look` is tried in each as it comes, until it succeeds in one. */
async function inAnyFrame(
  page: BrowserPage,
  what: string,
  look: (frame: Frame) => Promise<void>,
): Promise<void> {
  const found = Promise.withResolvers<undefined>();
  const lookIn = (frame: Frame): void => {
    look(frame).then(
      () => found.resolve(undefined),
      () => undefined, // this frame has gone, or never shows it; another may
    );
  };
  const timer = setTimeout(
    () => found.reject(new Error(`${what} did not show within ${limit / 1000} s`)),
    limit,
  );
  page.on("framenavigated", lookIn);
  for (const frame of page.frames()) lookIn(frame);
  try {
    await found.promise;
  } finally {
    clearTimeout(timer);
    page.off("framenavigated", lookIn);
  }
}
