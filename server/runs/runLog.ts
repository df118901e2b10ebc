import { withoutColours } from "../platform/terminalText.ts";

/** Characters kept of one message: a macro may print a megabyte. */
const maxMessage = 20_000;
/** Characters kept of a run: its end. */
const maxTotal = 2_000_000;

export interface LogLine {
  /** Milliseconds since the epoch. */
  at: number;
  text: string;
  uniqueId?: string | undefined;
}

/** What dbt said in one run, in order: bounded, and without a secret if `clean` takes them out. */
export class RunLog {
  #lines: LogLine[] = [];
  #size = 0;
  #dropped = false;
  readonly #clean: (text: string) => string;

  constructor(clean: (text: string) => string) {
    this.#clean = clean;
  }

  get lines(): readonly LogLine[] {
    return this.#lines;
  }

  add(message: string, uniqueId?: string, at = Date.now()): void {
    const text = this.#clean(shortened(withoutControls(message), maxMessage));
    this.#lines.push({ at, text, uniqueId });
    this.#size += text.length;
    if (this.#size <= maxTotal) return;
    // A quarter at once, or each line that comes would move all others.
    let drop = 0;
    while (this.#size > maxTotal * 0.75 && drop < this.#lines.length - 1) {
      this.#size -= this.#lines[drop]?.text.length ?? 0;
      drop += 1;
    }
    this.#lines = this.#lines.slice(drop);
    this.#dropped = true;
  }

  /** As text, each line with its time: of the whole run, or what is about one node. */
  text(uniqueId?: string): string {
    const lines =
      uniqueId === undefined ? this.#lines : this.#lines.filter((line) => line.uniqueId === uniqueId);
    const shown = lines
      .map(({ at, text }) => `${timeOf(at)}  ${text.replaceAll("\n", "\n          ")}\n`)
      .join("");
    return this.#dropped ? `... the beginning was left out\n${shown}` : shown;
  }
}

function timeOf(at: number): string {
  const date = new Date(at);
  return [date.getHours(), date.getMinutes(), date.getSeconds()]
    .map((part) => String(part).padStart(2, "0"))
    .join(":");
}

export function shortened(text: string, max: number): string {
  if (text.length <= max) return text;
  return `${text.slice(0, max)} ... (${text.length.toLocaleString("en")} characters, the rest was left out)`;
}

/** Text as a person may see it: no colours, no control characters but line ends and tabs. */
export function withoutControls(text: string): string {
  return withoutColours(text)
    .replace(/\r\n/g, "\n")
    .replace(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g, "");
}
