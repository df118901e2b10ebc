import { defineConfig } from "vitest/config";

/**
 * One project a kind of test. `unit` stays under 15 s; `process` tests how processes are started, kept and ended, with
 * small stand-ins; the others start real parts (a language server, Python with dbt and SQLFluff). All but `unit` run one
 * file after another on two cores.
 */
const kind = (name: string, options: { seconds: number; parallel?: boolean }) => ({
  test: {
    name,
    include: [`test/${name}/**/*.test.ts`],
    testTimeout: options.seconds * 1000,
    hookTimeout: options.seconds * 1000,
    fileParallelism: options.parallel ?? false,
    // Half of a unit test's time was loading the same modules again for each file.
    ...(options.parallel && { isolate: false, pool: "threads" as const }),
  },
});

export default defineConfig({
  test: {
    projects: [
      kind("unit", { seconds: 10, parallel: true }),
      kind("process", { seconds: 30 }),
      kind("worker", { seconds: 120 }),
      kind("contract", { seconds: 180 }),
      kind("server", { seconds: 120 }),
      kind("cloud", { seconds: 180 }),
      kind("cli", { seconds: 180 }),
    ],
  },
});
