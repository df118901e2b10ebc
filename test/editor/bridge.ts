import * as z from "zod";

/**
 * What goes between a test in the extension host and the runner outside, which drives the page: JSON over HTTP on
 * 127.0.0.1. The runner's address is in this variable of the environment.
 */
export const runnerAddressVariable = "FLOE_DBT_EDITOR_RUNNER";

export const testResultSchema = z.object({
  name: z.string(),
  status: z.enum(["passed", "failed", "skipped"]),
  message: z.string().optional(),
  seconds: z.number(),
  /** What the test waited for longest. */
  waits: z.array(z.object({ what: z.string(), seconds: z.number() })).optional(),
});
export type TestResult = z.infer<typeof testResultSchema>;

/** probe -> runner: what happens, in this order: one `plan`, `started` and `finished` for each test, one `end`. */
export const suiteEventSchema = z.discriminatedUnion("event", [
  z.object({ event: z.literal("plan"), tests: z.array(z.string()) }),
  z.object({ event: z.literal("started"), name: z.string() }),
  z.object({ event: z.literal("finished"), result: testResultSchema }),
  z.object({ event: z.literal("end") }),
]);
export type SuiteEvent = z.infer<typeof suiteEventSchema>;

/** What a test can ask of the page. Each waits until it is so, within the runner's time limit, or fails. */
export interface Page {
  /** Waits until one item of the status bar matches, and gives its text (icons are left out). */
  statusBarItem(pattern: string): Promise<string>;
  /** All texts of the status bar as they are now. */
  statusBar(): Promise<string[]>;
  /** What an item says to a screen reader: its aria-label. */
  statusBarLabel(pattern: string): Promise<string>;
  clickStatusBarItem(pattern: string): Promise<void>;
  /** Runs a command by its title in the Command Palette, as a person does. */
  runCommand(title: string): Promise<void>;
  /** Opens the Command Palette, and gives what it offers for a text that some command has. */
  paletteItems(typed: string): Promise<string[]>;
  press(keys: string): Promise<void>;
  /** Waits for a button with this text anywhere, and clicks it. */
  clickButton(text: string): Promise<void>;
  /** Waits until the text is visible anywhere in the page, webviews included. */
  waitForText(text: string): Promise<void>;
  /** Entries of a quick pick that is open. */
  quickPickItems(): Promise<string[]>;
  /** Chooses an entry of the quick pick that is open; its label or description holds this text. */
  pickQuickPickItem(text: string): Promise<void>;
  /** Types into the quick pick that is open, in place of what is there. */
  quickPickType(text: string): Promise<void>;
  /** Waits for an entry of the quick pick that is open, by a text in it, and gives its text and description. */
  quickPickRow(text: string): Promise<string>;
  /** Opens the light bulb's menu at the cursor, and gives its entries in their order. */
  codeActionMenu(): Promise<string[]>;
  /** Chooses an entry of the light bulb's menu that is open. */
  chooseCodeAction(title: string): Promise<void>;
  /** Waits until a hover is open that holds this text, and gives all of its text. */
  hoverText(text: string): Promise<string>;
  /** Points at an item of the status bar until its tooltip shows, and gives the tooltip's text. */
  statusBarTooltip(pattern: string): Promise<string>;
  /** Waits for a notification that holds this text, and gives its message and its buttons. */
  notification(text: string): Promise<{ message: string; buttons: string[] }>;
  /** Clicks a link of a webview by its text. */
  clickWebviewLink(text: string): Promise<void>;
  /** Clicks a part of a webview by its role and what it says. */
  clickWebviewPart(role: string, text: string): Promise<void>;
  /** Waits for a grid in a webview, and gives the texts of its rows as they are now: the header, then what is visible. */
  webviewGrid(): Promise<string[][]>;
  /** Types into a field of a webview, found by its label, in place of what is there. */
  fillWebviewField(label: string, text: string): Promise<void>;
  /** Rows of the refactor preview as they are now. */
  refactorPreviewRows(): Promise<string[]>;
  /** Name of the channel that the Output panel shows. */
  outputChannel(): Promise<string>;
  /** Waits until the visible editor underlines something. */
  waitForSquiggle(): Promise<void>;
  /** Waits until an editor shows a text that a decoration put before a line's own. */
  waitForDecoration(text: string): Promise<void>;
  /** Squiggles in the visible editor, by severity. */
  squiggles(): Promise<{ error: number; warning: number; info: number }>;
  /**
   * Rows of a tree as they are now, those that are scrolled to: two spaces for each level, then what is read. The view is
   * named by its title: "Project", "Test Explorer".
   */
  treeRows(view: string): Promise<string[]>;
  /** Waits until a row of the tree matches, and gives its text. */
  treeRow(view: string, pattern: string): Promise<string>;
  /** Waits until what a row says to a screen reader matches, and gives all of it. */
  treeRowSaying(view: string, pattern: string): Promise<string>;
  clickTreeRow(view: string, pattern: string): Promise<void>;
  /** Opens or closes a row by its arrow. */
  toggleTreeRow(view: string, pattern: string): Promise<void>;
  /** Clicks one of the buttons that a row shows while it is pointed at, by its title. */
  clickTreeRowAction(view: string, pattern: string, title: string): Promise<void>;
  /** Titles of those buttons. */
  treeRowActions(view: string, pattern: string): Promise<string[]>;
  /** Opens the menu of a row, and gives its entries in their order. */
  treeRowMenu(view: string, pattern: string): Promise<string[]>;
  /** Points at a row until its hover shows, and gives all of its text. */
  treeRowHover(view: string, pattern: string): Promise<string>;
  /** What a row says to a screen reader: its aria-label. */
  treeRowLabel(view: string, pattern: string): Promise<string>;
  /** Text that stands above the rows of a view, or in place of them. */
  viewText(view: string): Promise<string>;
  /** Opens or closes a view by its header. */
  togglePane(view: string): Promise<void>;
  /** Points at entries of the menu that is open, each in the menu that the one before opens, until the last shows its own. */
  openSubmenus(...titles: string[]): Promise<void>;
  /** Clicks a button of a title bar, of a view or an editor. */
  clickTitleAction(title: string): Promise<void>;
  /** Opens the menu of a part of a webview, found by its role and what it says. */
  webviewPartMenu(role: string, text: string): Promise<void>;
  /** Chooses an entry of the menu that is open. */
  chooseMenuEntry(title: string): Promise<void>;
  /** Opens a step of the walkthrough that is shown. */
  openWalkthroughStep(title: string): Promise<void>;
  /** Waits until a step of the walkthrough that is shown is ticked. */
  walkthroughStepDone(title: string): Promise<void>;
  /** Titles of the steps of the walkthrough that is shown. */
  walkthroughSteps(): Promise<string[]>;
  /** Waits until the Test Explorer sums up its last run so: "27/27". */
  testSummary(count: string): Promise<void>;
  /** Waits until the product has opened a page outside the editor, and gives the addresses of all of them so far. */
  openedPages(): Promise<string[]>;
  /** Types into whatever has the focus. */
  type(text: string): Promise<void>;
  /** test-results/screenshots/<suite>-<name>.png */
  screenshot(name: string): Promise<void>;
  /** Opens a second window on the same folder; its extension host runs the product, and no tests. */
  openSecondWindow(): Promise<void>;
  /** As statusBarItem, in the second window. */
  secondWindowStatusBarItem(pattern: string): Promise<string>;
  closeSecondWindow(): Promise<void>;
}
export const pageVerbSchema = z.object({ verb: z.string(), args: z.array(z.string()) });
