import {
  elementScroll,
  observeElementOffset,
  observeElementRect,
  Virtualizer,
  type VirtualItem,
} from "@tanstack/virtual-core";
import type { PreviewCell, PreviewRows } from "../../protocol/run.ts";
import { isNumeric, nextSort, rowOrder, type Sort } from "./rowOrder.ts";
import { cellText } from "./tableText.ts";
import { element } from "./element.ts";

const rowHeight = 24;
const headHeight = 44;
const gutterWidth = 64;
const [narrowest, widest] = [64, 420];
/** Rows that are looked at for the width of a column. */
const sampled = 500;

/** Where the keyboard is; row -1 is the header. */
interface Place {
  row: number;
  column: number;
}

/** What is kept of a grid when its page goes away. */
export interface GridMemory {
  sort: Sort | null;
  filter: string;
  widths: number[];
  top: number;
  left: number;
  active: Place;
}

/**
 * Rows in a grid: only what is visible is in the page, so any number of rows and columns is fine. The grid itself has the
 * focus and names the active cell (aria-activedescendant). All text is set as text.
 */
export class Grid {
  readonly root: HTMLElement;
  readonly #head = element("div", { className: "row head" });
  readonly #body = element("div", { className: "body" });
  readonly #changed: () => void;
  #result: PreviewRows = {
    columns: [],
    rows: [],
    sql: "",
    seconds: 0,
    limit: 0,
    limited: false,
    target: null,
  };
  #order: number[] = [];
  #numeric: boolean[] = [];
  #memory: GridMemory = {
    sort: null,
    filter: "",
    widths: [],
    top: 0,
    left: 0,
    active: { row: 0, column: 0 },
  };
  /** The other end of the selection. */
  #anchor: Place = { row: 0, column: 0 };
  #drawing = false;
  readonly #rows: Virtualizer<HTMLElement, HTMLElement>;
  readonly #columns: Virtualizer<HTMLElement, HTMLElement>;

  /** @param changed is called whenever what it shows or remembers is another */
  constructor(changed: () => void) {
    this.#changed = changed;
    this.root = element("div", { className: "grid", role: "grid", tabIndex: 0 });
    this.root.setAttribute("aria-label", "Rows");
    this.root.setAttribute("aria-multiselectable", "true");
    this.root.dataset["vscodeContext"] = '{"webviewSection":"cells","preventDefaultContextMenuItems":true}';
    this.#head.setAttribute("role", "row");
    this.#head.setAttribute("aria-rowindex", "1");
    this.root.append(this.#head, this.#body);
    const common = {
      getScrollElement: () => this.root,
      scrollToFn: elementScroll,
      observeElementRect,
      observeElementOffset,
      onChange: () => this.#drawSoon(),
    };
    this.#rows = new Virtualizer<HTMLElement, HTMLElement>({
      ...common,
      count: 0,
      estimateSize: () => rowHeight,
      overscan: 8,
      scrollMargin: headHeight,
      scrollPaddingStart: headHeight,
    });
    this.#columns = new Virtualizer<HTMLElement, HTMLElement>({
      ...common,
      count: 0,
      horizontal: true,
      estimateSize: (index) => this.#memory.widths[index] ?? narrowest,
      overscan: 3,
      paddingStart: gutterWidth,
      scrollPaddingStart: gutterWidth,
    });
    this.root.addEventListener("keydown", (event) => this.#onKey(event));
    this.root.addEventListener("mousedown", (event) => this.#onMouse(event));
    this.root.addEventListener("focus", () => this.#drawSoon());
    this.root.addEventListener("blur", () => this.#drawSoon());
  }

  /** Starts to follow its size; the root must be in the page. */
  mount(): void {
    this.#rows._didMount();
    this.#columns._didMount();
    this.#update();
  }

  show(result: PreviewRows, memory: GridMemory | null): void {
    this.#result = result;
    this.#numeric = result.columns.map((_column, index) => isNumeric(result, index));
    this.#memory = memory ?? {
      sort: null,
      filter: "",
      widths: [],
      top: 0,
      left: 0,
      active: { row: 0, column: 0 },
    };
    if (this.#memory.widths.length !== result.columns.length) this.#memory.widths = this.#naturalWidths();
    this.#anchor = this.#memory.active;
    this.#reorder();
    this.root.scrollTo(this.#memory.left, this.#memory.top);
  }

  get memory(): GridMemory {
    return { ...this.#memory, top: this.root.scrollTop, left: this.root.scrollLeft };
  }

  get filter(): string {
    return this.#memory.filter;
  }

  set filter(text: string) {
    this.#memory.filter = text;
    this.#memory.active = this.#anchor = { ...this.#memory.active, row: 0 };
    this.#reorder();
    this.root.scrollTop = 0;
  }

  /** How many rows are shown. */
  get shown(): number {
    return this.#order.length;
  }

  /** All rows as they are shown: filtered and sorted. */
  get allRows(): PreviewCell[][] {
    return this.#order.map((index) => this.#result.rows[index] ?? []);
  }

  get activeRow(): PreviewCell[] {
    return this.#result.rows[this.#order[this.#memory.active.row] ?? -1] ?? [];
  }

  /** The cells between the two ends of the selection. */
  get selectedCells(): PreviewCell[][] {
    const { top, bottom, left, right } = this.#selection();
    if (top < 0) return [[this.#result.columns[this.#memory.active.column]?.name ?? null]];
    return this.#order
      .slice(top, bottom + 1)
      .map((index) => (this.#result.rows[index] ?? []).slice(left, right + 1));
  }

  #reorder(): void {
    this.#order = rowOrder(this.#result, this.#memory.filter, this.#memory.sort);
    this.root.setAttribute("aria-rowcount", String(this.#order.length + 1));
    // The first is that of the row numbers.
    this.root.setAttribute("aria-colcount", String(this.#result.columns.length + 1));
    this.#update();
    this.#changed();
  }

  #update(): void {
    const rows = this.#rows;
    rows.setOptions({ ...rows.options, count: this.#order.length });
    const columns = this.#columns;
    columns.setOptions({ ...columns.options, count: this.#result.columns.length });
    columns.measure();
    rows._willUpdate();
    columns._willUpdate();
    this.#drawSoon();
  }

  #drawSoon(): void {
    if (this.#drawing) return;
    this.#drawing = true;
    requestAnimationFrame(() => {
      this.#drawing = false;
      this.#draw();
    });
  }

  #draw(): void {
    const width = `${this.#columns.getTotalSize()}px`;
    const columns = this.#columns.getVirtualItems();
    this.#head.style.width = width;
    this.#body.style.width = width;
    this.#body.style.height = `${this.#rows.getTotalSize()}px`;
    const indent = element("div", {});
    indent.style.width = `${(columns[0]?.start ?? gutterWidth) - gutterWidth}px`;
    const corner = element("div", { className: "gutter" });
    this.#head.replaceChildren(
      corner,
      indent.cloneNode(),
      ...columns.map((column) => this.#headCell(column)),
    );
    this.#body.replaceChildren(...this.#rows.getVirtualItems().map((row) => this.#row(row, columns, indent)));
    const { row, column } = this.#memory.active;
    const isDrawn = this.root.querySelector(`#${cellId(row, column)}`) !== null;
    if (isDrawn) this.root.setAttribute("aria-activedescendant", cellId(row, column));
    else this.root.removeAttribute("aria-activedescendant");
  }

  #headCell({ index, size }: VirtualItem): HTMLElement {
    const { name, type } = this.#result.columns[index] ?? { name: "", type: null };
    const { sort, active } = this.#memory;
    const sorted = sort?.column === index ? (sort.descending ? "descending" : "ascending") : "none";
    const cell = element("div", { className: "cell", role: "columnheader", id: cellId(-1, index) });
    cell.style.width = `${size}px`;
    cell.setAttribute("aria-colindex", String(index + 2));
    cell.setAttribute("aria-sort", sorted);
    cell.title = type === null ? name : `${name}: ${type}`;
    cell.dataset["row"] = "-1";
    cell.dataset["column"] = String(index);
    cell.classList.toggle("number", this.#numeric[index] ?? false);
    cell.classList.toggle("active", active.row === -1 && active.column === index && this.#hasFocus());
    const arrow = { ascending: " ↑", descending: " ↓", none: "" }[sorted];
    cell.append(
      element("div", { className: "name" }, `${name}${arrow}`),
      element("div", { className: "type" }, type ?? ""),
      element("div", { className: "edge" }),
    );
    return cell;
  }

  #row(item: VirtualItem, columns: readonly VirtualItem[], indent: HTMLElement): HTMLElement {
    const source = this.#order[item.index] ?? 0;
    const cells = this.#result.rows[source] ?? [];
    const row = element("div", { className: "row", role: "row" });
    row.setAttribute("aria-rowindex", String(item.index + 2));
    row.style.transform = `translateY(${item.start - headHeight}px)`;
    row.classList.toggle("odd", item.index % 2 === 1);
    const gutter = element("div", { className: "gutter", role: "rowheader" }, String(source + 1));
    gutter.setAttribute("aria-colindex", "1");
    gutter.dataset["row"] = String(item.index);
    const { top, bottom, left, right } = this.#selection();
    const isInRows = item.index >= top && item.index <= bottom;
    row.append(gutter, indent.cloneNode());
    for (const { index, size } of columns) {
      const value = cells[index] ?? null;
      const cell = element(
        "div",
        { className: "cell", role: "gridcell", id: cellId(item.index, index) },
        value === null ? "NULL" : oneLine(cellText(value)),
      );
      cell.style.width = `${size}px`;
      cell.setAttribute("aria-colindex", String(index + 2));
      cell.dataset["row"] = String(item.index);
      cell.dataset["column"] = String(index);
      cell.classList.toggle("null", value === null);
      cell.classList.toggle("number", this.#numeric[index] ?? false);
      const isSelected = isInRows && index >= left && index <= right;
      cell.setAttribute("aria-selected", String(isSelected));
      const { active } = this.#memory;
      cell.classList.toggle(
        "active",
        active.row === item.index && active.column === index && this.#hasFocus(),
      );
      const text = value === null ? "" : cellText(value);
      if (text.length * 7 > size - 16) cell.title = text.slice(0, 2000);
      row.append(cell);
    }
    return row;
  }

  #hasFocus(): boolean {
    return document.activeElement === this.root;
  }

  #selection(): { top: number; bottom: number; left: number; right: number } {
    const { active } = this.#memory;
    return {
      top: Math.min(active.row, this.#anchor.row),
      bottom: Math.max(active.row, this.#anchor.row),
      left: Math.min(active.column, this.#anchor.column),
      right: Math.max(active.column, this.#anchor.column),
    };
  }

  #onKey(event: KeyboardEvent): void {
    const { row, column } = this.#memory.active;
    const last = { row: this.#order.length - 1, column: this.#result.columns.length - 1 };
    const page = Math.max(1, Math.floor((this.root.clientHeight - headHeight) / rowHeight) - 1);
    const far = event.ctrlKey || event.metaKey;
    const moves: Record<string, Place> = {
      ArrowUp: { row: far ? 0 : row - 1, column },
      ArrowDown: { row: far ? last.row : row + 1, column },
      ArrowLeft: { row, column: far ? 0 : column - 1 },
      ArrowRight: { row, column: far ? last.column : column + 1 },
      PageUp: { row: Math.max(0, row - page), column },
      PageDown: { row: row + page, column },
      Home: { row: far ? 0 : row, column: 0 },
      End: { row: far ? last.row : row, column: last.column },
    };
    const move = moves[event.key];
    if (move) this.#go(move, event.shiftKey);
    else if (far && event.key.toLowerCase() === "a") {
      this.#anchor = { row: 0, column: 0 };
      this.#memory.active = last;
      this.#drawSoon();
    } else if ((event.key === "Enter" || event.key === " ") && row === -1) this.#sortBy(column);
    else if (event.key === " " && event.shiftKey) this.#selectRow(row, false);
    else return;
    event.preventDefault();
    event.stopPropagation();
  }

  #go(to: Place, extend: boolean): void {
    const clamp = (value: number, low: number, high: number): number => Math.max(low, Math.min(high, value));
    const active = {
      row: clamp(to.row, extend ? 0 : -1, this.#order.length - 1),
      column: clamp(to.column, 0, this.#result.columns.length - 1),
    };
    this.#memory.active = active;
    if (!extend) this.#anchor = active;
    if (active.row >= 0) this.#rows.scrollToIndex(active.row);
    this.#columns.scrollToIndex(active.column);
    this.#drawSoon();
    this.#changed();
  }

  #onMouse(event: MouseEvent): void {
    if (!(event.target instanceof HTMLElement)) return;
    const cell = event.target.closest<HTMLElement>("[data-row]");
    if (!cell) return;
    const row = Number(cell.dataset["row"]);
    const { top, bottom, left, right } = this.#selection();
    const isInRows = row >= top && row <= bottom;
    if (cell.dataset["column"] === undefined) {
      if (event.button === 0 || !isInRows) this.#selectRow(row, event.shiftKey);
      return;
    }
    const column = Number(cell.dataset["column"]);
    if (event.target.classList.contains("edge")) {
      this.#resize(event, column);
      return;
    }
    // The other button opens the menu for what is selected.
    const isInside = isInRows && column >= left && column <= right;
    if (event.button === 0 || !isInside) this.#go({ row, column }, event.shiftKey && row >= 0);
    if (event.button !== 0) return;
    if (row === -1) this.#sortBy(column);
    else this.#selectByDragging();
  }

  /** @param extend the rows that are selected by it */
  #selectRow(row: number, extend: boolean): void {
    this.#anchor = { row: extend ? Math.max(0, this.#anchor.row) : row, column: 0 };
    this.#memory.active = { row, column: this.#result.columns.length - 1 };
    this.#drawSoon();
    this.#changed();
  }

  #selectByDragging(): void {
    whileDragging((event) => {
      const under = document.elementFromPoint(event.clientX, event.clientY);
      const { row, column } = under?.closest<HTMLElement>("[data-column]")?.dataset ?? {};
      if (row === undefined || row === "-1") return;
      const { active } = this.#memory;
      const to = { row: Number(row), column: Number(column) };
      if (to.row !== active.row || to.column !== active.column) this.#go(to, true);
    });
  }

  #sortBy(column: number): void {
    this.#memory.sort = nextSort(this.#memory.sort, column);
    this.#reorder();
  }

  #resize(begun: MouseEvent, column: number): void {
    begun.preventDefault();
    const width = this.#memory.widths[column] ?? narrowest;
    whileDragging(
      (event) => {
        this.#memory.widths[column] = Math.max(40, width + event.clientX - begun.clientX);
        this.#update();
      },
      () => this.#changed(),
    );
  }

  /** As wide as the header and the longest of some rows need, within reason. */
  #naturalWidths(): number[] {
    const letter = letterWidth(this.root);
    const { columns, rows } = this.#result;
    const step = Math.ceil(rows.length / sampled);
    const some = rows.filter((_row, index) => index % step === 0 || index === rows.length - 1);
    return columns.map(({ name, type }, index) => {
      const cells = some.map((row) => (row[index] == null ? 4 : cellText(row[index]).length));
      const letters = Math.max(name.length + 2, (type?.length ?? 0) * 0.85, ...cells);
      return Math.round(Math.min(widest, Math.max(narrowest, letters * letter + 20)));
    });
  }
}

/** Until the button is let go, wherever that is. */
function whileDragging(move: (event: MouseEvent) => void, end: () => void = () => undefined): void {
  const over = new AbortController();
  const { signal } = over;
  window.addEventListener("mousemove", (event) => (event.buttons === 0 ? over.abort() : move(event)), {
    signal,
  });
  window.addEventListener("mouseup", () => over.abort(), { signal });
  signal.addEventListener("abort", end);
}

const cellId = (row: number, column: number): string => `cell-${row === -1 ? "head" : row}-${column}`;

const oneLine = (text: string): string => text.slice(0, 500).replace(/\r\n|\r|\n/g, "↵");

function letterWidth(within: HTMLElement): number {
  const probe = element("span", { className: "probe" }, "0".repeat(20));
  within.append(probe);
  const width = probe.getBoundingClientRect().width / 20;
  probe.remove();
  return width > 0 ? width : 7;
}
