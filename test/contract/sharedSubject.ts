import { afterAll, beforeAll } from "vitest";
import { dbtProject, type TestProject } from "../harness/dbtProject.ts";
import type { ContractSubject, SubjectPlugin } from "./contractSubject.ts";

export interface SharedSubject {
  /** Makes the project anew, of these files alone, as an editor would see it happen to a folder that is open. */
  begin(files: Record<string, string | null>): Promise<{ project: TestProject; made: SubjectPlugin }>;
}

/**
 * One plugin and one folder for the tests of a group: the start of an engine is what costs here. To be called inside the
 * group's `describe`; a test that needs an environment or a cold start of its own makes its own.
 */
export function sharedSubject(subject: ContractSubject): SharedSubject {
  let project: TestProject;
  let made: SubjectPlugin;
  beforeAll(async () => {
    // Paths and their offsets are right also where they are not plain.
    project = await dbtProject({}, "café shop");
    made = subject.make();
    await made.parsedAhead?.({ projectDir: project.dir, profilesDir: project.dir });
  });
  afterAll(async () => {
    await made[Symbol.asyncDispose]();
    await project[Symbol.asyncDispose]();
  });
  return {
    async begin(files) {
      const changed = await project.remake(files);
      made.plugin.filesChanged({ projectDir: project.dir, profilesDir: project.dir }, changed);
      return { project, made };
    },
  };
}
