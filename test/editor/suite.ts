/** A suite as the runner sees it: a workspace, its settings, and the name of its tests in the probe. */
export interface Suite {
  name: string;
  /**
   * Suites that name the same window run in it one after another: it costs more than their tests. The workspace is made anew
   * for each, and all of them have to do with the same settings.
   */
  window?: string;
  /** Writes the workspace into an empty folder. */
  makeWorkspace(dir: string): void;
  /** Starts what the workspace talks to; it ends with the suite. */
  start?(dir: string): Promise<AsyncDisposable>;
  /** User settings. */
  settings?: Record<string, unknown>;
  /** Settings that name programs: a remote window reads them from the machine's own file. */
  machineSettings?: Record<string, unknown>;
  /** Whether the workspace is trusted. */
  trusted: boolean;
  /** Seconds for the whole suite. */
  seconds: number;
}
