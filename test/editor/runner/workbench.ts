import type { Browser, BrowserContext, Frame, Page as BrowserPage } from "playwright-core";
import { mkdirSync } from "node:fs";
import path from "node:path";
import type { Page } from "../bridge.ts";

const limit = 30_000;

/** One window of VS Code in a browser. */
export async function openWorkbench(
  browser: Browser,
  url: string,
): Promise<{ context: BrowserContext; page: BrowserPage }> {
  const context = await browser.newContext({ viewport: { width: 1400, height: 900 } });
  const page = await context.newPage();
  page.setDefaultTimeout(limit);
  await page.goto(url);
  await page.locator(".monaco-workbench").waitFor();
  return { context, page };
}

/** What tests can ask of the page (bridge.ts), on a real one. */
export function pageVerbs(
  page: BrowserPage,
  options: { screenshots: string; suite: string; openSecond: () => Promise<BrowserPage> },
): Page {
  let second: BrowserPage | undefined;
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
    press: (keys) => page.keyboard.press(keys),
    clickButton: (text) =>
      page.locator(".monaco-button, .monaco-text-button, a.action-label", { hasText: text }).first().click(),
    waitForText: (text) => waitForText(page, text),
    quickPickItems: async () => {
      await page.locator(".quick-input-list .monaco-list-row").first().waitFor();
      return page.locator(".quick-input-list .monaco-list-row .label-name").allInnerTexts();
    },
    squiggles: async () => ({
      error: await page.locator(".squiggly-error").count(),
      warning: await page.locator(".squiggly-warning").count(),
      info: await page.locator(".squiggly-info").count(),
    }),
    screenshot: async (name) => {
      mkdirSync(options.screenshots, { recursive: true });
      await page.screenshot({ path: path.join(options.screenshots, `${options.suite}-${name}.png`) });
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

/** Webviews are frames in frames, which come and go: each is looked into as it comes. */
async function waitForText(page: BrowserPage, text: string): Promise<void> {
  const found = Promise.withResolvers<undefined>();
  const look = (frame: Frame): void => {
    frame
      .getByText(text)
      .first()
      .waitFor({ timeout: limit })
      .then(
        () => found.resolve(undefined),
        () => undefined, // this frame has gone, or never shows it; another may
      );
  };
  const timer = setTimeout(
    () => found.reject(new Error(`“${text}” did not show within ${limit / 1000} s`)),
    limit,
  );
  page.on("framenavigated", look);
  for (const frame of page.frames()) look(frame);
  try {
    await found.promise;
  } finally {
    clearTimeout(timer);
    page.off("framenavigated", look);
  }
}
