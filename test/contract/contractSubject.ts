import type { DbtPlugin, ProjectRef } from "../../server/plugins/dbtPlugin.ts";
import type { RuntimeName } from "../../protocol/runtime.ts";

/** One plugin under the contract. A new plugin adds a subject and a test file of three lines. */
export interface ContractSubject {
  /** Shown in the names of the tests. */
  name: string;
  runtime: RuntimeName;
  /** What the plugin must say of itself, and so which cases apply. */
  expects: {
    parallel: boolean;
    lints: boolean;
    /** The engine takes no target-path from dbt_project.yml. */
    refusesTargetPath?: boolean;
    /** It does not say how many nodes it will run. */
    saysNoTotal?: boolean;
    /** It writes run_results.json also where it ran nothing. */
    alwaysWritesRunResults?: boolean;
    /** It may refuse a selector that it cannot pass on as data; false where absent. */
    refusesSelectors?: boolean;
    /** dbt runs elsewhere, on a commit: artifacts are fetched, the project's target/ is not written, profiles.yml says nothing. */
    elsewhere?: boolean;
    /** Unsaved text stands in its file's place, so a reference to what depends on it is a cycle, and said to be. */
    refusesCycles?: boolean;
    /** A preview has no types: a timestamp comes as JSON has it, NaN as null; and its SQL is without the limit. */
    showsPlainly?: boolean;
    /** manifestUpdate answers with a whole manifest each time something changed. */
    wholeManifests?: boolean;
  };
  /** Another warehouse than DuckDB: its adapter, and the files of a project on it. */
  warehouse?: { adapter: string; readonly files: Record<string, string> };
  /** Milliseconds from a cancel to its end; 5,000 where absent. */
  cancelsWithin?: number;
  /** Whether a preview logs that its query is with the warehouse, so that a cancel can be sure to meet it there. */
  tellsOfQueries?: boolean;
  make(options?: SubjectOptions): SubjectPlugin;
  /** Holds a DuckDB file as another program would, until the end of the scope; absent where the engine needs none. */
  lockDatabase?(file: string): Promise<AsyncDisposable>;
}

export interface SubjectOptions {
  /** Added to the environment of the plugin. */
  env?: Record<string, string>;
  /** The engine is not installed where the plugin looks for it. */
  withoutEngine?: boolean;
}

export interface SubjectPlugin extends AsyncDisposable {
  plugin: DbtPlugin;
  /** Everything the plugin logged, redacted as in production. */
  logged: string[];
  /** Gives it what a parse of an empty project leaves, before anything is started: most of the time of a first parse. */
  parsedAhead?(project: ProjectRef): Promise<void>;
}
