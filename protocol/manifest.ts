import type { NodeStatus } from "./run.ts";
import type { RuntimeName } from "./runtime.ts";

/** What the manifest says of a project, in the portions that views ask for. Text in here is text: never Markdown, never HTML. */

export const resourceTypes = [
  "source",
  "seed",
  "snapshot",
  "model",
  "analysis",
  "test",
  "unit_test",
  "macro",
  "exposure",
  "metric",
  "semantic_model",
  "saved_query",
  "doc",
  "operation",
  "function",
] as const;
export type ResourceType = (typeof resourceTypes)[number];

export const treeGroupings = ["folder", "tag", "package", "group"] as const;
export type TreeGrouping = (typeof treeGroupings)[number];

/** How the manifest of a project is known. */
export interface ManifestInfo {
  projectDir: string;
  projectName: string;
  /** Changes whenever anything in the manifest did. */
  version: number;
  /** - none: there is none yet, `message` says what to do; - loading; - ready; - broken: `message` says what and where */
  state: "none" | "loading" | "ready" | "broken";
  message: string | null;
  /** Who made it: the user's own target/, or what Floe dbt keeps current beside it, or a deployed environment. */
  origin: "target" | "live" | "environment" | null;
  /** Milliseconds since the epoch: when dbt made it. */
  generatedAt: number | null;
  /** Files of the project are newer than it. */
  stale: boolean;
  dbtVersion: string | null;
  /** How many there are of each type. */
  counts: Partial<Record<ResourceType, number>>;
}

export interface TreeParams {
  projectDir: string;
  /** `key` of the row whose children are asked for; the project's own rows where absent. */
  parent?: string;
  grouping: TreeGrouping;
  /** Only nodes whose name, tag, path or description holds all these words. */
  filter?: string;
}

/** One row of the Project view. */
export interface TreeRow {
  /** The same for the same row as long as the grouping is: views keep what is expanded by it. */
  key: string;
  label: string;
  /** Beside the label, dimmed: a count, a materialization, a path. */
  description: string;
  /**
   * - relation: "Parents", "Children", "Tests", "Columns" below a node (`uniqueId` null), and the nodes below those
   *   (`uniqueId` set), each of which opens into its own parents or children
   * - more: opens into the next rows of a long list, and stands behind the last of these
   */
  kind: "project" | "section" | "folder" | "node" | "column" | "relation" | "more" | "note";
  resourceType: ResourceType | null;
  uniqueId: string | null;
  /** Of the last run, where there is one. */
  status: NodeStatus | null;
  expandable: boolean;
  /** Absolute path and 1-based line of the definition; a line that only the file can tell is null here: dbt/getNode has it. */
  filePath: string | null;
  line: number | null;
  /** What a command may do with it, space separated: "runnable testable compiled hasParents hasChildren referable". */
  can: string;
  /** Names a selection that means this row, for running it: "customers", "path:models/marts", "tag:nightly". */
  selector: string | null;
}

/** How a node did last; of a source its freshness. */
export interface LastRun {
  status: NodeStatus;
  seconds: number | null;
  message: string | null;
  /** Milliseconds since the epoch. */
  at: number | null;
  /** Not here, but in the environment that runs elsewhere. */
  inEnvironment?: true;
}

/** What a hover shows of a node; plain text throughout. */
export interface NodeDetail {
  uniqueId: string;
  name: string;
  resourceType: ResourceType;
  packageName: string;
  description: string;
  relation: string | null;
  materialized: string | null;
  tags: string[];
  owner: string | null;
  access: string | null;
  columns: { name: string; type: string | null; description: string; tests: string[] }[];
  filePath: string | null;
  line: number | null;
  parents: string[];
  children: string[];
  lastRun: LastRun | null;
  /** `{{ ref('customers') }}` */
  reference: string | null;
}

/** One test of the Test Explorer. */
export interface TestFacts {
  uniqueId: string;
  name: string;
  kind: "generic" | "singular" | "unit";
  /** Unique id and name of what it tests; null for a singular test of several. */
  parentId: string | null;
  parentName: string | null;
  parentType: ResourceType | null;
  column: string | null;
  /** Absolute path and 1-based line of the definition: the YAML line, or the file. */
  filePath: string | null;
  line: number | null;
  /** Of the last run_results, if it is in there. */
  status: NodeStatus | null;
  message: string | null;
  /** What selects it alone. */
  selector: string;
}

/** A suggestion for a selector: replaces `[from, to)` of the text. */
export interface SelectorSuggestion {
  from: number;
  to: number;
  text: string;
  detail: string;
  kind:
    "node" | "tag" | "path" | "source" | "package" | "method" | "state" | "group" | "selector" | "operator";
}

/** A data product: the transforms of floe.yaml, as one selection. */
export interface DataProduct {
  name: string;
  filePath: string;
  select: string;
  exclude: string | null;
  /** Whether its tests are to be run. */
  tests: boolean;
}

export interface TargetChoices {
  projectDir: string;
  targets: string[];
  current: string | null;
  /** File that names them, for opening it. */
  profilesPath: string | null;
  runtimes: {
    name: RuntimeName;
    title: string;
    available: boolean;
    detail: string;
    /** It has deployed artifacts, which a checkout can be compared with. */
    deploys?: boolean;
  }[];
}
