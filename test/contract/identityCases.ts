import { describe, expect, test } from "vitest";
import {
  DbtAuthenticationError,
  DbtConfigurationError,
  DbtEnvironmentError,
  type DbtError,
} from "../../server/plugins/errors.ts";
import { dbtProject, threeModels } from "../harness/dbtProject.ts";
import type { ContractSubject } from "./contractSubject.ts";

/** What a plugin is, before and without its engine. */
export function identityCases(subject: ContractSubject): void {
  describe(`${subject.name}: what it is`, () => {
    test("says its runtime, starts nothing when made", async () => {
      await using made = subject.make();
      expect(made.plugin.runtime).toBe(subject.runtime);
      expect(made.plugin.supportsParallelExecution()).toBe(subject.expects.parallel);
      expect(made.plugin.supportsSqlLinting()).toBe(subject.expects.lints);
      expect(made.logged).toEqual([]);
    });

    test("tells its metadata, with an engine and without, and never throws", async () => {
      await using project = await dbtProject({ ...threeModels, ...subject.warehouse?.files });
      const ref = { projectDir: project.dir, profilesDir: project.dir };
      await using made = subject.make();
      const metadata = await made.plugin.getRuntimeMetadata(ref);
      expect(metadata.type).toBe(subject.runtime);
      // Of what runs elsewhere it is known once something has run.
      if (!subject.expects.elsewhere) {
        expect(metadata).toMatchObject({
          dbtVersion: expect.stringMatching(/^\d+\.\d+/) as string,
          adapter: expect.stringContaining(subject.warehouse?.adapter ?? "duckdb") as string,
        });
      }
      await using without = subject.make({ withoutEngine: true });
      expect(await without.plugin.getRuntimeMetadata(ref)).toMatchObject({
        type: subject.runtime,
        dbtVersion: null,
      });
      expect(await made.plugin.getRuntimeMetadata({ projectDir: "/no/such/project" })).toMatchObject({
        type: subject.runtime,
        dbtVersion: null,
      });
    });

    test("a folder without dbt_project.yml is a configuration error with its path, from every method", async () => {
      await using project = await dbtProject({ "dbt_project.yml": null });
      const ref = { projectDir: project.dir };
      await using made = subject.make();
      const { plugin } = made;
      const startedAt = performance.now();
      for (const call of [
        () => plugin.compileProject(ref),
        () => plugin.runModels(ref),
        () => plugin.runTests(ref),
        () => plugin.getManifest(ref),
        () => plugin.getRunResults(ref),
        () => plugin.lintProject(ref),
      ]) {
        const error = await call().then(
          () => null,
          (reason: unknown) => reason,
        );
        expect(error).toBeInstanceOf(DbtConfigurationError);
        expect((error as Error).message).toContain(project.dir);
      }
      expect(performance.now() - startedAt).toBeLessThan(2000);
    });

    test("without its engine every command says so, with a remedy", async () => {
      await using project = await dbtProject({ ...threeModels, ...subject.warehouse?.files });
      const ref = { projectDir: project.dir, profilesDir: project.dir };
      await using made = subject.make({ withoutEngine: true });
      const calls = [() => made.plugin.compileProject(ref), () => made.plugin.lintProject(ref)];
      for (const call of subject.expects.lints ? calls : calls.slice(0, 1)) {
        const error = await call().then(
          () => null,
          (reason: unknown) => reason,
        );
        expect(error).toBeInstanceOf(
          subject.expects.elsewhere ? DbtAuthenticationError : DbtEnvironmentError,
        );
        expect((error as DbtError).remedy?.command).toMatch(/^floeDbt\./);
      }
    });
  });
}
