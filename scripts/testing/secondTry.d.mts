export interface StageTest {
  name: string;
  status: "passed" | "failed" | "skipped";
  message?: string;
}
export interface Stage {
  run(): Promise<StageTest[]>;
  again?(units: string[]): Promise<StageTest[]>;
}
export interface StageOutcome {
  tests: StageTest[];
  failedFirst: StageTest[];
  /** Names of the tests that passed only when run again. */
  unsteady: string[];
}
export function unitOf(test: StageTest): string;
export function runStage(stage: Stage): Promise<StageOutcome>;
