import { defineConfig } from "vitest/config";

/**
 * One project a kind of test. `unit` starts no process and stays under 15 s; the others start real parts
 * (a language server, Python with dbt and SQLFluff) and so run one file after another on two cores.
 */
const kind = (name: string, options: { seconds: number; parallel?: boolean }) => ({
  test: {
    name,
    include: [`test/${name}/**/*.test.ts`],
    testTimeout: options.seconds * 1000,
    hookTimeout: options.seconds * 1000,
    fileParallelism: options.parallel ?? false,
  },
});

export default defineConfig({
  test: {
    projects: [
      kind("unit", { seconds: 10, parallel: true }),
      kind("worker", { seconds: 120 }),
      kind("contract", { seconds: 180 }),
      kind("server", { seconds: 120 }),
      kind("cli", { seconds: 180 }),
    ],
  },
});
