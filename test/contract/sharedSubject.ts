import { readdirSync, rmSync } from "node:fs";
import path from "node:path";
import { afterAll, beforeAll } from "vitest";
import { dbtProject, dbtProjectYml, profilesYml, type TestProject } from "../harness/dbtProject.ts";
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
    project = await dbtProject();
    made = subject.make();
  });
  afterAll(async () => {
    await made[Symbol.asyncDispose]();
    await project[Symbol.asyncDispose]();
  });
  return {
    async begin(files) {
      const before = filesBelow(project.dir);
      for (const name of readdirSync(project.dir)) {
        rmSync(project.file(name), { recursive: true, force: true, maxRetries: 10 });
      }
      const written: Record<string, string | null> = {
        "dbt_project.yml": dbtProjectYml,
        "profiles.yml": profilesYml,
        ...files,
      };
      for (const [name, content] of Object.entries(written)) {
        if (content !== null) await project.write(name, content);
      }
      const changed = [...new Set([...before, ...filesBelow(project.dir)])];
      made.plugin.filesChanged({ projectDir: project.dir, profilesDir: project.dir }, changed);
      return { project, made };
    },
  };
}

/** What an editor watches: not what dbt writes. */
function filesBelow(dir: string): string[] {
  return readdirSync(dir, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => path.join(entry.parentPath, entry.name))
    .filter((file) => !/[\\/](target|logs)[\\/]/.test(file.slice(dir.length)));
}
