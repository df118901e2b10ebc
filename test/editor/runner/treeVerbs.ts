import type { Locator, Page as BrowserPage } from "playwright-core";
import type { Page } from "../bridge.ts";

type TreeVerb =
  | "treeRows"
  | "treeRow"
  | "treeRowSaying"
  | "clickTreeRow"
  | "toggleTreeRow"
  | "clickTreeRowAction"
  | "treeRowActions"
  | "treeRowMenu"
  | "treeRowHover"
  | "treeRowLabel"
  | "openSubmenus"
  | "chooseMenuEntry"
  | "testSummary"
  | "togglePane"
  | "viewText";

/** What tests can ask of the trees of the side bar (bridge.ts). */
export function treeVerbs(page: BrowserPage): Pick<Page, TreeVerb> {
  // A view that is alone in its container has no header of its own: the side bar's title names it then.
  const pane = (view: string): Locator =>
    page.locator(".part.sidebar .pane", {
      has: page.locator(`.pane-header[aria-label^="${view}" i]`),
    });
  const rowsOf = (view: string): Locator => pane(view).locator(".monaco-list-row");
  const row = (view: string, pattern: string): Locator =>
    rowsOf(view)
      .filter({ hasText: new RegExp(pattern) })
      .first();
  const pointAt = async (view: string, pattern: string): Promise<Locator> => {
    const found = row(view, pattern);
    await found.waitFor();
    await found.hover({ position: { x: 60, y: 8 } });
    return found;
  };
  const menuEntry = (title: string): Locator =>
    page.locator(".context-view .monaco-menu .action-label").and(page.getByText(title, { exact: true }));
  const actions = (of: Locator): Locator => of.locator(".actions .action-label");
  return {
    treeRows: async (view) => {
      const shown = await rowsOf(view).all();
      return Promise.all(
        shown.map(async (each) => {
          const level = Number((await each.getAttribute("aria-level")) ?? "1");
          return "  ".repeat(level - 1) + oneLine(await each.innerText());
        }),
      );
    },
    treeRow: async (view, pattern) => {
      await row(view, pattern).waitFor();
      return oneLine(await row(view, pattern).innerText());
    },
    treeRowSaying: async (view, pattern) => {
      const saying = rowsOf(view).and(page.getByRole("treeitem", { name: new RegExp(pattern) }));
      await saying.first().waitFor();
      return (await saying.first().getAttribute("aria-label")) ?? "";
    },
    clickTreeRow: (view, pattern) => row(view, pattern).click(),
    toggleTreeRow: (view, pattern) => row(view, pattern).locator(".monaco-tl-twistie").click(),
    clickTreeRowAction: async (view, pattern, title) => {
      const found = await pointAt(view, pattern);
      await actions(found)
        .and(page.locator(`[aria-label^="${title}"]`))
        .first()
        .click();
    },
    treeRowActions: async (view, pattern) => {
      const found = await pointAt(view, pattern);
      await actions(found).first().waitFor();
      const all = await actions(found).all();
      const labels = await Promise.all(all.map((each) => each.getAttribute("aria-label")));
      return labels.filter((label): label is string => label !== null && label !== "");
    },
    treeRowMenu: async (view, pattern) => {
      await row(view, pattern).click({ button: "right" });
      const entries = page.locator(".context-view .monaco-menu .action-item .action-label");
      await entries.first().waitFor();
      return (await entries.allInnerTexts()).map(oneLine).filter((text) => text !== "");
    },
    openSubmenus: async (...titles) => {
      for (const title of titles) {
        await menuEntry(title).hover();
        const opened = page.locator(".monaco-submenu-item[aria-expanded=true]");
        await opened.filter({ has: page.getByText(title, { exact: true }) }).waitFor();
      }
    },
    chooseMenuEntry: async (title) => {
      const entry = menuEntry(title);
      await entry.waitFor();
      // In its first 100 ms a menu takes no click: it could be the end of the one that opened it.
      for (let tries = 0; tries < 3 && (await entry.isVisible()); tries += 1) {
        await entry.click();
        await entry.waitFor({ state: "hidden", timeout: 2000 }).catch(() => undefined);
      }
      await entry.waitFor({ state: "hidden" });
    },
    togglePane: (view) => page.locator(`.part.sidebar .pane-header[aria-label^="${view}" i]`).first().click(),
    testSummary: (count) =>
      page.locator(".part.sidebar .result-summary", { hasText: count }).first().waitFor(),
    treeRowHover: async (view, pattern) => {
      const hover = page.locator(".workbench-hover:visible").first();
      // A row that is drawn anew under the pointer has lost its hover: the pointer goes and comes again.
      for (let tries = 4; ; tries -= 1) {
        await pointAt(view, pattern);
        try {
          await hover.waitFor({ timeout: 10_000 });
          break;
        } catch (error) {
          if (tries === 1) throw error;
          await page.mouse.move(900, 300);
        }
      }
      const text = oneLine(await hover.innerText());
      await page.mouse.move(900, 300);
      return text;
    },
    treeRowLabel: async (view, pattern) => {
      await row(view, pattern).waitFor();
      return (await row(view, pattern).getAttribute("aria-label")) ?? "";
    },
    viewText: async (view) => {
      const text = pane(view).locator(".message, .welcome-view-content");
      await text.filter({ visible: true }).first().waitFor();
      return oneLine((await text.filter({ visible: true }).allInnerTexts()).join(" "));
    },
  };
}

const oneLine = (text: string): string => text.replace(/\s+/g, " ").trim();
