import type { RuntimeName } from "./runtime.ts";

/** Two environments side by side: what one project becomes in each. Text in here is text: never Markdown, never HTML. */

export interface ComparedSide {
  runtime: RuntimeName;
  /** "dbt-core 1.11.16", "Fusion 2.0.0". */
  title: string;
  dbtVersion: string | null;
  /** Time of the whole compile, or of fetching what is deployed, in seconds. */
  seconds: number;
  nodes: number;
  /** Why it did not compile at all; null where it did. */
  failure: string | null;
  /** Where it is not compiled now, but what is deployed: whose artifacts they are. */
  deployed?: { label: string; commit: string | null };
}

export interface ComparedNode {
  uniqueId: string;
  name: string;
  resourceType: string;
  /** Absolute path; null where not known. */
  filePath: string | null;
}

/** A node whose compiled SQL differs beyond white space, with both texts. */
export interface DifferentNode extends ComparedNode {
  left: string;
  right: string;
}

/** Errors and warnings of one code that only one environment gives. */
export interface DiagnosticGroup {
  side: "left" | "right";
  code: string;
  name: string | null;
  severity: "error" | "warning";
  count: number;
  /** The first of them. */
  places: { message: string; filePath: string | null; line: number | null }[];
}

export interface Comparison {
  projectDir: string;
  projectName: string;
  target: string | null;
  /** One sentence that answers the question. */
  verdict: string;
  /** Nothing differs. */
  same: boolean;
  left: ComparedSide;
  right: ComparedSide;
  /** Nodes with compiled SQL in both. */
  compared: number;
  onlyLeft: ComparedNode[];
  onlyRight: ComparedNode[];
  different: DifferentNode[];
  /** Nodes that depend on others in one than in the other. */
  dependencies: (ComparedNode & { onlyLeft: string[]; onlyRight: string[] })[];
  diagnostics: DiagnosticGroup[];
}
