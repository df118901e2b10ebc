export interface ReportedTest {
  name: string;
  status: "passed" | "failed" | "skipped";
  message?: string;
}
export declare function readVitestReport(file: string, repoDir: string): ReportedTest[];
export declare function readEditorReport(file: string): ReportedTest[];
export declare function summaryLine(tests: { status: ReportedTest["status"] }[]): string;
