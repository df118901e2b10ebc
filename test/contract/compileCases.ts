import { existsSync } from "node:fs";
import { readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { describe, expect, test } from "vitest";
import { DbtCompilationError, DbtConfigurationError, DbtError } from "../../server/plugins/errors.ts";
import { dbtProject, dbtProjectYml, threeModels, type TestProject } from "../harness/dbtProject.ts";
import type { ContractSubject } from "./contractSubject.ts";
import { sharedSubject } from "./sharedSubject.ts";

const refOf = (project: TestProject) => ({ projectDir: project.dir, profilesDir: project.dir });

interface CompiledManifest {
  nodes: Record<
    string,
    { resource_type: string; compiled_code?: string | null; depends_on?: { nodes?: string[] } }
  >;
}

/** Nodes, what they depend on and models' compiled SQL, without what is an engine's own: hashes, white space, quotes, the database. */
function graphOf({ nodes }: CompiledManifest): Record<string, { dependsOn: string[]; sql?: string }> {
  return Object.fromEntries(
    Object.entries(nodes).map(([id, { resource_type, compiled_code, depends_on }]) => {
      const sql = (compiled_code ?? "").replaceAll('"', "").replaceAll(/\s+/g, " ").trim();
      const dependsOn = depends_on?.nodes ?? [];
      return [
        id.split(".").slice(0, 3).join("."),
        resource_type === "model" ? { dependsOn, sql: sql.replace(/\w+\.main\./, "main.") } : { dependsOn },
      ];
    }),
  );
}

export function compileCases(subject: ContractSubject): void {
  /** Where the project's own profiles.yml, target/ and environment are what dbt takes. */
  const testHere = test.skipIf(subject.expects.elsewhere === true);
  describe(`${subject.name}: compile`, () => {
    const shared = sharedSubject(subject);

    async function compileError(files: Record<string, string>) {
      const { project, made } = await shared.begin({ ...threeModels, ...files });
      const error = await made.plugin.compileProject(refOf(project)).then(
        () => null,
        (reason: unknown) => reason,
      );
      expect(error).toBeInstanceOf(DbtError);
      const { message, filePath, line } = error as DbtError;
      const relative =
        filePath === undefined ? undefined : path.relative(project.dir, filePath).replaceAll("\\", "/");
      expect(message).not.toContain("\u001b");
      return { error, message, file: relative, line };
    }

    test("gives a manifest with every model compiled, the same for each engine, and touches no table", async () => {
      const { project, made } = await shared.begin(threeModels);
      const manifestPath = await made.plugin.compileProject(refOf(project));
      if (subject.expects.elsewhere) expect(existsSync(project.file("target"))).toBe(false);
      else expect(manifestPath).toBe(project.file("target/manifest.json"));
      const manifest = JSON.parse(await readFile(manifestPath, "utf8")) as CompiledManifest;
      expect(graphOf(manifest)).toEqual({
        "seed.shop.raw_orders": { dependsOn: [] },
        "model.shop.a": {
          dependsOn: ["source.shop.raw.raw_orders"],
          sql: "select id, amount from main.raw_orders",
        },
        "model.shop.b": { dependsOn: ["model.shop.a"], sql: "select id, amount from main.a" },
        "model.shop.c": { dependsOn: ["model.shop.b"], sql: "select sum(amount) as total from main.b" },
        "test.shop.unique_a_id": { dependsOn: ["model.shop.a"] },
        "test.shop.not_null_b_id": { dependsOn: ["model.shop.b"] },
      });
      expect(await made.plugin.getManifest(refOf(project))).toHaveProperty("metadata.dbt_schema_version");
      expect(existsSync(project.file("target/run"))).toBe(false);
    });

    test("a Jinja mistake is a compilation error at its line", async () => {
      const found = await compileError({ "models/b.sql": "select 1\n{% if %}\n" });
      expect(found.error).toBeInstanceOf(DbtCompilationError);
      expect(found).toMatchObject({ file: "models/b.sql", line: 2 });
    });

    test("an unknown ref names the model's file and the ref", async () => {
      const found = await compileError({ "models/b.sql": "select * from {{ ref('nope') }}\n" });
      expect(found.error).toBeInstanceOf(DbtCompilationError);
      expect(found.file).toBe("models/b.sql");
      expect(found.message).toContain("nope");
    });

    test("an unknown macro names the file and the macro", async () => {
      const found = await compileError({ "models/b.sql": "select {{ zzz() }}\n" });
      expect(found.error).toBeInstanceOf(DbtCompilationError);
      expect(found.file).toBe("models/b.sql");
      expect(found.message).toContain("zzz");
    });

    test("broken YAML names file and line", async () => {
      const found = await compileError({
        "models/more.yml": "version: 2\nmodels:\n  - name: a\n   columns: x\n",
      });
      expect(found).toMatchObject({ file: "models/more.yml", line: 4 });
    });

    testHere("a target that is not there lists those that are", async () => {
      const { project, made } = await shared.begin(threeModels);
      const compiling = made.plugin.compileProject({ ...refOf(project), target: "nope" });
      await expect(compiling).rejects.toThrow(DbtConfigurationError);
      await expect(compiling).rejects.toThrow(/dev[\s\S]*other/);
    });

    testHere("DBT_TARGET_PATH and target-path decide where artifacts are", async () => {
      const { project, made } = await shared.begin({
        ...threeModels,
        ...(!subject.expects.refusesTargetPath && {
          "dbt_project.yml": `${dbtProjectYml}target-path: built\n`,
        }),
      });
      const where = subject.expects.refusesTargetPath ? "target" : "built";
      expect(await made.plugin.compileProject(refOf(project))).toBe(project.file(`${where}/manifest.json`));
      await using other = subject.make({ env: { DBT_TARGET_PATH: "out" } });
      expect(await other.plugin.compileProject(refOf(project))).toBe(project.file("out/manifest.json"));
      expect(await other.plugin.getManifest(refOf(project))).toHaveProperty("nodes");
    });

    test("an old manifest is never presented as fresh after a compile that failed", async () => {
      const { project, made } = await shared.begin(threeModels);
      await made.plugin.compileProject(refOf(project));
      await project.write("models/b.sql", "select {{ zzz() }}\n");
      await expect(made.plugin.compileProject(refOf(project))).rejects.toThrow(DbtCompilationError);
      await expect(made.plugin.getManifest(refOf(project))).rejects.toThrow(/older[\s\S]*zzz/);
      await project.write("models/b.sql", threeModels["models/b.sql"]!);
      await made.plugin.compileProject(refOf(project));
      expect(await made.plugin.getManifest(refOf(project))).toHaveProperty("nodes");
    });

    testHere("artifacts that are not there, or cut off, are errors in words", async () => {
      const { project, made } = await shared.begin(threeModels);
      await expect(made.plugin.getManifest(refOf(project))).rejects.toThrow(
        /no manifest\.json .*Compile the project first/,
      );
      await expect(made.plugin.getRunResults(refOf(project))).rejects.toThrow(/no run_results\.json/);
      const manifest = await project.write("target/manifest.json", '{"metadata": {"dbt_');
      const reading = made.plugin.getManifest(refOf(project));
      await expect(reading).rejects.toThrow(DbtConfigurationError);
      await expect(reading).rejects.toThrow(manifest);
      await writeFile(manifest, "[]");
      await expect(made.plugin.getManifest(refOf(project))).rejects.toThrow(DbtConfigurationError);
    });

    testHere(
      "no password comes out in an error, an event or the log, even where a macro prints it",
      async () => {
        const password = "s3cr3t-p4ssw0rd";
        const loud =
          "{{ log(env_var('SHOP_PASSWORD'), info=true) }}{{ exceptions.raise_compiler_error(env_var('SHOP_PASSWORD')) }}\n";
        await using project = await dbtProject({ ...threeModels, "models/b.sql": loud });
        await using made = subject.make({ env: { SHOP_PASSWORD: password } });
        const events: unknown[] = [];
        const call = { onEvent: (event: unknown) => events.push(event) };
        const error = await made.plugin.compileProject(refOf(project), call).then(
          () => null,
          (reason: unknown) => reason,
        );
        expect(error).toBeInstanceOf(DbtError);
        expect((error as DbtError).message).toContain("***");
        const linted: unknown = subject.expects.lints
          ? await made.plugin.lintProject(refOf(project), {}, call)
          : null;
        const report = await made.plugin.inspect(refOf(project));
        const everything = JSON.stringify([(error as DbtError).message, events, linted, report, made.logged]);
        expect(everything).not.toContain(password);
      },
    );
  });
}
