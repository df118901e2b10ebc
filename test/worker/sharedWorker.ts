import path from "node:path";
import { afterAll, beforeAll } from "vitest";
import { dbtProject, type Files, type TestProject } from "../harness/dbtProject.ts";
import { startWorker, type WorkerDriver } from "../harness/workerDriver.ts";

export const sqlfluffConfig = "[sqlfluff]\ndialect = duckdb\ntemplater = dbt\n";

export interface SharedWorker {
  /** Where the worker keeps what it knows; there once the group's tests run. */
  readonly privateDir: string;
  /** Makes the project anew, of these files alone, and tells the worker; nothing is asked of it yet. */
  begin(files: Files): Promise<{ project: TestProject; worker: WorkerDriver }>;
}

/**
 * One worker and one folder for the tests of a group: the start of Python, dbt and SQLFluff is what costs here. To be
 * called inside the group's `describe`; a test that needs a cold start, or to end the worker, starts its own.
 */
export function sharedWorker(): SharedWorker {
  let project: TestProject;
  let worker: WorkerDriver;
  let privateDir: string;
  beforeAll(async () => {
    project = await dbtProject({ ".sqlfluff": sqlfluffConfig });
    privateDir = path.join(project.dir, "..", "private");
    worker = await startWorker({ projectDir: project.dir, privateDir });
  });
  afterAll(async () => {
    await worker[Symbol.asyncDispose]();
    await project[Symbol.asyncDispose]();
  });
  return {
    get privateDir() {
      return privateDir;
    },
    async begin(files) {
      const paths = await project.remake({ ".sqlfluff": sqlfluffConfig, ...files });
      worker.events.length = 0;
      worker.notify("filesChanged", { paths });
      return { project, worker };
    },
  };
}
