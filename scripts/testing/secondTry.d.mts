export interface StageTest {
  name: string;
  status: "passed" | "failed" | "skipped";
  message?: string;
}
export interface Stage {
  run(): Promise<StageTest[]>;
  again?(units: string[]): Promise<StageTest[]>;
}
export declare function unitOf(test: StageTest): string;
export declare function tryAgain(
  stage: Pick<Stage, "again">,
  first: StageTest[],
): Promise<{
  tests: StageTest[];
  /** Names of the tests that passed only when run again. */
  unsteady: string[];
}>;
