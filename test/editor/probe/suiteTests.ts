/** Every suite's tests, by the suite's name: loading one declares its tests. */
export const suiteTests: Record<string, () => Promise<unknown>> = {
  formatting: () => import("../suites/formatting/formatting.test.ts"),
  lint: () => import("../suites/lint/lint.test.ts"),
  noProject: () => import("../suites/noProject/noProject.test.ts"),
  project: () => import("../suites/project/project.test.ts"),
  twoWindows: () => import("../suites/twoWindows/twoWindows.test.ts"),
  untrusted: () => import("../suites/untrusted/untrusted.test.ts"),
};
