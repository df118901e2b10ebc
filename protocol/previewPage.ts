import * as z from "zod";
import type { PreviewRows } from "./run.ts";

/** What goes between the preview's page and the extension that shows it. */

/** All that the page shows; sent whole whenever some of it changes, and again to a page that comes back. */
export interface PreviewState {
  /** The same as long as the query is: the page keeps sort, filter and place by it. 0: nothing was asked yet. */
  id: number;
  /** "customers", "customers: CTE orders". */
  title: string;
  status: "empty" | "running" | "rows" | "failed" | "cancelled";
  /** Milliseconds since the epoch. */
  startedAt: number;
  limit: number;
  /** The last rows of this query, also while it runs again. */
  result: PreviewRows | null;
  /** Another for every result. */
  resultId: number;
  error: PreviewError | null;
}
export interface PreviewError {
  message: string;
  /** The query that failed, where it is known. */
  sql: string | null;
  /** There is a line it is about. */
  canJump: boolean;
  /** What mends it, as the title of a button. */
  remedy: string | null;
}

export const pageActions = ["copySelection", "copyRow", "copyAll", "saveCsv", "saveJson"] as const;
export type PageAction = (typeof pageActions)[number];

/** extension -> page */
export type ToPreviewPage = { type: "state"; state: PreviewState } | { type: "act"; action: PageAction };

/** page -> extension */
export const fromPreviewPageSchema = z.discriminatedUnion("type", [
  z.object({ type: z.literal("ready") }),
  z.object({ type: z.literal("cancel") }),
  z.object({ type: z.literal("rerun"), limit: z.int().min(1).max(100_000) }),
  z.object({ type: z.literal("openQuery") }),
  z.object({ type: z.literal("jump") }),
  z.object({ type: z.literal("remedy") }),
  z.object({ type: z.literal("copy"), text: z.string(), what: z.string() }),
  z.object({ type: z.literal("save"), format: z.enum(["csv", "json"]), text: z.string() }),
]);
export type FromPreviewPage = z.infer<typeof fromPreviewPageSchema>;
