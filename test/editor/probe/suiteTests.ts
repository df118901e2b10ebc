/** Every suite's tests, by the suite's name: loading one declares its tests. */
export const suiteTests: Record<string, () => Promise<unknown>> = {
  cloud: () => import("../suites/cloud/cloud.test.ts"),
  commands: () => import("../suites/commands/commands.test.ts"),
  compiled: () => import("../suites/compiled/compiled.test.ts"),
  formatting: () => import("../suites/formatting/formatting.test.ts"),
  lint: () => import("../suites/lint/lint.test.ts"),
  monorepo: () => import("../suites/monorepo/monorepo.test.ts"),
  noProject: () => import("../suites/noProject/noProject.test.ts"),
  preview: () => import("../suites/preview/preview.test.ts"),
  project: () => import("../suites/project/project.test.ts"),
  runs: () => import("../suites/runs/runs.test.ts"),
  settings: () => import("../suites/settings/settings.test.ts"),
  setUp: () => import("../suites/setUp/setUp.test.ts"),
  trouble: () => import("../suites/trouble/trouble.test.ts"),
  twoWindows: () => import("../suites/twoWindows/twoWindows.test.ts"),
  untrusted: () => import("../suites/untrusted/untrusted.test.ts"),
};
