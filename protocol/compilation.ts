/** ADR-0043's `DBTCompilationResult`: what one dbt command did (dbt compiles and submits; the warehouse executes). */
export interface DbtCompilationResult {
  success: boolean;
  /** Absolute paths of the artifacts this command wrote. */
  manifestPath: string;
  runResultsPath: string;
  catalogPath: string | null;
  /** Time for dbt to compile and submit, in seconds. */
  executionTimeSeconds: number;
  modelsRun: number;
  testsRun: number;
  failures: number;
  metadata: Record<string, unknown>;
}
