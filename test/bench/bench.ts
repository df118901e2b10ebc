import type { Report } from "./report.ts";

export interface BenchOptions {
  /** How many times each thing is timed; the minutes-long ones take fewer. */
  repetitions: number;
  python: string;
  peerPython: string;
  /** Folder for cache folders of ours; emptied before the run. */
  storageDir: string;
  say: (line: string) => void;
}

export type Bench = (options: BenchOptions) => Promise<Report>;
