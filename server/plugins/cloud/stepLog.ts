import type { CloudRun, CloudStep } from "./runs.ts";
import { runState } from "./runs.ts";
import type { RunStep } from "../../../protocol/run.ts";
import { withoutColours } from "../../platform/terminalText.ts";
import { commandOf } from "./stepCommand.ts";

/** The steps of a run as the Runs view shows them. */
export function runSteps(run: CloudRun): RunStep[] {
  const steps = (run.run_steps ?? []).toSorted((a, b) => a.index - b.index);
  const ended = ["error", "cancelled"].includes(runState(run.status));
  return steps.map((step) => ({
    name: stepName(step),
    state: stepState(step, ended),
    seconds: secondsOf(step),
  }));
}

export const stepName = (step: CloudStep): string =>
  commandOf(step.name ?? "") ?? step.name ?? `Step ${step.index}`;

function stepState({ status }: CloudStep, runHasEnded: boolean): RunStep["state"] {
  const state = runState(status ?? 1);
  if (state === "unknown") return "running";
  return state === "queued" && runHasEnded ? "skipped" : state;
}

function secondsOf({ started_at, finished_at }: CloudStep): number | null {
  const [from, to] = [Date.parse(started_at ?? ""), Date.parse(finished_at ?? "")];
  return Number.isNaN(from) || Number.isNaN(to) ? null : (to - from) / 1000;
}

/** A step's log as plain lines: no colours, no clock at the front of each. */
export function plainLog(text: string): string {
  return withoutColours(text)
    .replace(/[\u0000-\u0008\u000b-\u001f\u007f]/g, "")
    .replace(/^\d\d:\d\d:\d\d(?:\.\d+)?\s{1,2}/gm, "");
}

/** Characters of one line, and of all, that are told: a macro may log megabytes, which nobody reads in a run's row. */
const limits = { line: 20_000, all: 1_000_000 };

/** New lines of the logs since the last look. */
export class LogReader {
  readonly #read = new Map<number, number>();
  #told = 0;

  /** Whether lines have been left out: there is more than is told. */
  get isCut(): boolean {
    return this.#told > limits.all;
  }

  /** @returns whole new lines of every step, in order; of a run that has ended also the last, unfinished one */
  next(run: CloudRun, isLast: boolean): string[] {
    return (run.run_steps ?? [])
      .toSorted((a, b) => a.index - b.index)
      .flatMap((step) => {
        const text = step.logs ?? "";
        const from = this.#read.get(step.index) ?? 0;
        const to = isLast ? text.length : text.lastIndexOf("\n") + 1;
        if (to <= from) return [];
        this.#read.set(step.index, to);
        return plainLog(text.slice(from, to))
          .split("\n")
          .filter((line) => line.trim() !== "");
      });
  }

  /** @returns the line as it may be told, and nothing where there has been too much */
  told(line: string): string[] {
    if (this.isCut) return [];
    this.#told += Math.min(line.length, limits.line);
    return [line.length > limits.line ? `${line.slice(0, limits.line)}…` : line];
  }
}

/** What dbt said was wrong, of a command that wrote no results: its "Encountered an error", else the end of its log. */
export function loggedErrors(text: string): string[] {
  const plain = plainLog(text);
  const at = plain.indexOf("Encountered an error:");
  if (at >= 0) return [plain.slice(at).trim()];
  const error = /^.*\b(?:Compilation|Parsing|Runtime|Database|Usage) Error\b[\s\S]*/m.exec(plain)?.[0];
  if (error !== undefined) return [error.split(/\n\s*\n/)[0]?.trim() ?? error];
  return [];
}

/** An option that dbt does not know, or a value that it does not take; null where its log says nothing of the kind. */
export function usageError(text: string): string | null {
  const plain = plainLog(text);
  return /^Usage: dbt/m.test(plain) ? (/^Error: (.+)$/m.exec(plain)?.[1] ?? null) : null;
}

/** dbt marks most warnings as such, but not that a selection selects nothing. */
export const loggedWarnings = (text: string): string[] =>
  plainLog(text)
    .split("\n")
    .map((line) => line.trim())
    .flatMap((line) =>
      /does not match any enabled nodes|^Nothing to do\b/.test(line)
        ? line
        : (/^\[WARNING\].*?:\s*(.+)$/.exec(line)?.[1] ?? []),
    );

export const tailOf = (text: string, lines: number): string =>
  plainLog(text).trimEnd().split("\n").slice(-lines).join("\n");
