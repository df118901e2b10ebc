import type { FromPreviewPage, PageAction, PreviewState, ToPreviewPage } from "../../protocol/previewPage.ts";
import { element } from "./element.ts";
import { Grid, type GridMemory } from "./grid.ts";
import { toCsv, toJson, toTsv } from "./tableText.ts";

/** What the page remembers while it is hidden: VS Code throws the page itself away. */
interface Memory {
  id: number;
  grid: GridMemory;
  showsQuery: boolean;
}
interface Host {
  postMessage: (message: FromPreviewPage) => void;
  getState: () => Memory | undefined;
  setState: (memory: Memory) => void;
}
declare function acquireVsCodeApi(): Host;

const host = acquireVsCodeApi();
const kept = host.getState();
let state: PreviewState | null = null;
let showsQuery = kept?.showsQuery ?? false;
let shownId = 0;
let shownResult = 0;

const title = element("span", { className: "title" });
const facts = element("span", { className: "facts" });
/** What a screen reader says by itself: not each tenth of a second. */
const spoken = element("div", { className: "spoken", role: "status" });
const filter = element("input", { type: "search", placeholder: "Filter rows", className: "filter" });
filter.setAttribute("aria-label", "Filter rows");
const limit = element("input", { type: "number", className: "limit" });
Object.assign(limit, { min: "1", max: "100000" });
const limitLabel = element("label", {}, "Limit ");
limitLabel.append(limit);
const query = button("Query", () => toggleQuery());
const cancel = button("Cancel", () => host.postMessage({ type: "cancel" }));
const bar = element("div", { className: "bar" });
bar.append(title, facts, cancel, filter, limitLabel, query);

const sql = element("pre", { tabIndex: 0 });
sql.setAttribute("aria-label", "The query that ran");
const openQuery = button("Open in Editor", () => host.postMessage({ type: "openQuery" }));
const querySection = element("section", { className: "query" });
querySection.append(sql, openQuery);

const words = element("pre", { className: "words" });
const jump = button("Go to Line", () => host.postMessage({ type: "jump" }));
const remedy = button("", () => host.postMessage({ type: "remedy" }));
const again = button("Run Again", () => rerun());
const failure = element("section", { className: "failure" });
failure.setAttribute("role", "alert");
const failureButtons = element("div", { className: "buttons" });
failureButtons.append(remedy, jump, again);
failure.append(words, failureButtons);

const progress = element("div", { className: "progress" });
const note = element("p", { className: "note" });
const grid = new Grid(() => {
  tell();
  remember();
});
document.body.append(bar, spoken, progress, querySection, failure, note, grid.root);
grid.mount();

filter.addEventListener("input", () => (grid.filter = filter.value));
filter.addEventListener("keydown", (event) => {
  if (event.key === "ArrowDown" || event.key === "Enter") grid.root.focus();
  else if (event.key !== "Escape") return;
  else grid.filter = filter.value = "";
  event.preventDefault();
});
limit.addEventListener("change", () => rerun());
grid.root.addEventListener("keydown", (event) => {
  if (!(event.ctrlKey || event.metaKey)) return;
  if (event.key.toLowerCase() === "c") act("copySelection");
  else if (event.key.toLowerCase() === "f") filter.focus();
  else return;
  event.preventDefault();
  event.stopPropagation();
});
let scrollEnd: number | undefined;
grid.root.addEventListener("scroll", () => {
  window.clearTimeout(scrollEnd);
  scrollEnd = window.setTimeout(remember, 200);
});
window.addEventListener("focus", focusPart);
window.addEventListener("message", ({ data }: MessageEvent<ToPreviewPage>) => {
  if (data.type === "state") show(data.state);
  else act(data.action);
});
window.setInterval(() => {
  if (state?.status === "running") tell();
}, 100);
host.postMessage({ type: "ready" });

function show(next: PreviewState): void {
  state = next;
  const { result, error, status } = next;
  const hasGrid = result !== null && error === null;
  // Before it is filled: what is hidden has no size to measure.
  grid.root.hidden = !hasGrid || result.columns.length === 0;
  if (result && next.resultId !== shownResult) {
    const memory = shownId === next.id ? grid.memory : kept?.id === next.id ? kept.grid : null;
    grid.show(result, memory);
    filter.value = grid.filter;
    shownId = next.id;
    shownResult = next.resultId;
  }
  title.textContent = next.title;
  limit.value = String(next.limit);
  document.body.dataset["status"] = status;
  filter.hidden = !hasGrid;
  limitLabel.hidden = status === "empty";
  failure.hidden = error === null;
  words.textContent = error?.message ?? "";
  jump.hidden = error?.canJump !== true;
  remedy.hidden = error?.remedy == null;
  remedy.textContent = error?.remedy ?? "";
  cancel.hidden = status !== "running";
  note.hidden = hasGrid || error !== null;
  note.textContent = {
    empty: "Preview a model, a selection or a CTE, and its rows are here.",
    running: "Waiting for the warehouse…",
    cancelled: "Cancelled.",
    rows: "",
    failed: "",
  }[status];
  showQuery();
  tell();
  remember();
  if (document.hasFocus()) focusPart();
}

/** Whoever comes to the view by a key has the rows under the arrow keys, or what can be done without them. */
function focusPart(): void {
  if (document.activeElement !== document.body) return;
  const parts = [grid.root, remedy, jump, again, cancel];
  parts.find((part) => part.offsetParent !== null)?.focus();
}

function showQuery(): void {
  const text = state?.error ? state.error.sql : (state?.result?.sql ?? null);
  query.hidden = text === null;
  querySection.hidden = text === null || !showsQuery;
  query.setAttribute("aria-pressed", String(showsQuery));
  sql.textContent = text ?? "";
}

function toggleQuery(): void {
  showsQuery = !showsQuery;
  showQuery();
  remember();
}

function tell(): void {
  if (!state) return;
  const { status, startedAt } = state;
  const isRunning = status === "running";
  facts.textContent = isRunning ? `${((Date.now() - startedAt) / 1000).toFixed(1)} s` : outcome(state);
  const news = isRunning
    ? "Waiting for the warehouse…"
    : status === "cancelled"
      ? "Cancelled."
      : facts.textContent;
  if (spoken.textContent !== news) spoken.textContent = news;
}

/** How many rows, how long, where: in one line. */
function outcome({ status, result, error }: PreviewState): string {
  if (!result || error) return "";
  const total = result.rows.length;
  const rows = grid.shown === total ? count(total) : `${grid.shown} of ${count(total)}`;
  const most = result.limited ? `, there may be more` : "";
  const target = result.target === null ? "" : ` · ${result.target}`;
  const cancelled = status === "cancelled" ? " · cancelled, these are from before" : "";
  return `${rows}${most} · ${result.seconds.toFixed(2)} s${target}${cancelled}`;
}

const count = (rows: number): string => (rows === 1 ? "1 row" : `${rows} rows`);

function act(action: PageAction): void {
  const result = state?.result;
  if (!result || state?.error) return;
  const { columns } = result;
  const names = columns.map(({ name }) => name);
  switch (action) {
    case "copySelection":
      copy(toTsv(grid.selectedCells), "The selected cells are");
      break;
    case "copyRow":
      copy(toTsv([grid.activeRow], names), "The row is");
      break;
    case "copyAll":
      copy(toTsv(grid.allRows, names), `${count(grid.shown)} with the header are`);
      break;
    case "saveCsv":
      host.postMessage({ type: "save", format: "csv", text: toCsv(grid.allRows, columns) });
      break;
    case "saveJson":
      host.postMessage({ type: "save", format: "json", text: toJson(grid.allRows, columns) });
      break;
  }
}

function copy(text: string, what: string): void {
  host.postMessage({ type: "copy", text, what });
}

function rerun(): void {
  const wanted = Math.round(Number(limit.value));
  if (!(wanted >= 1)) limit.value = String(state?.limit ?? 500);
  host.postMessage({ type: "rerun", limit: Math.min(100_000, Math.max(1, Math.round(Number(limit.value)))) });
}

function remember(): void {
  if (state) host.setState({ id: shownId, grid: grid.memory, showsQuery });
}

function button(text: string, onClick: () => void): HTMLButtonElement {
  const made = element("button", { type: "button" }, text);
  made.addEventListener("click", onClick);
  return made;
}
