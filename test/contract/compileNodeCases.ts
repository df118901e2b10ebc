import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { describe, expect, test } from "vitest";
import { DbtConfigurationError, DbtError } from "../../server/plugins/errors.ts";
import { dbtProject, threeModels, type TestProject } from "../harness/dbtProject.ts";
import type { ContractSubject } from "./contractSubject.ts";
import { sharedSubject } from "./sharedSubject.ts";

const refOf = (project: TestProject) => ({ projectDir: project.dir, profilesDir: project.dir });

const models: Record<string, string> = {
  ...threeModels,
  "models/a.sql": "select 1 as id, 10 as amount\n",
  "models/deep.sql": "{{ config(materialized='ephemeral') }}\nselect * from {{ ref('a') }}\n",
  "models/eph.sql":
    "{{ config(materialized='ephemeral') }}\nwith x as (select * from {{ ref('deep') }}) select * from x\n",
  "models/uses.sql":
    "-- two of them\nwith y as (select * from {{ ref('eph') }})\n\nselect y.*, '{{ this.name }}' as me from y\n",
  "seeds/raw_orders.csv": "id,amount\n1,10\n",
  "snapshots/orders.sql":
    "{% snapshot orders_history %}\n{{ config(target_schema='main', unique_key='id', strategy='check', check_cols='all') }}\nselect * from {{ ref('raw_orders') }}\n{% endsnapshot %}\n",
  "tests/one.sql": "select * from {{ ref('a') }} where id <> 1\n",
  "macros/m.sql": "{% macro twice(x) %}({{ x }} * 2){% endmacro %}\n",
};

/** Compiling one text, saved or not. */
export function compileNodeCases(subject: ContractSubject): void {
  const has = subject.make().plugin.capabilities;
  describe.runIf(has.has("compileNode"))(`${subject.name}: compile a node`, () => {
    const shared = sharedSubject(subject);

    test("says what dbt compile says, ephemeral models included, for saved text of every kind", async () => {
      const { project, made } = await shared.begin(models);
      const compile = (file: string) =>
        made.plugin.compileNode!(refOf(project), { path: project.file(file) });
      const found = {
        uses: await compile("models/uses.sql"),
        c: await compile("models/c.sql"),
        one: await compile("tests/one.sql"),
      };
      // A second time says the same: the first left nothing behind in the ephemeral models.
      expect(await compile("models/uses.sql")).toEqual(found.uses);
      expect(existsSync(project.file("target"))).toBe(false);
      const snapshot = await compile("snapshots/orders.sql");
      expect(snapshot).toMatchObject({ uniqueId: "snapshot.shop.orders_history", error: null });
      expect(snapshot.sql).toMatch(/^select \* from .*raw_orders/m);

      await made.plugin.compileProject(refOf(project));
      const compiled = (file: string) => readFile(project.file(`target/compiled/shop/${file}`), "utf8");
      expect(found.uses.sql).toBe(await compiled("models/uses.sql"));
      expect(found.uses.sql?.match(/__dbt__cte__deep as/g)).toHaveLength(1);
      expect(found.c.sql).toBe(await compiled("models/c.sql"));
      expect(found.one.sql).toBe(await compiled("tests/one.sql"));
      expect(found.uses).toMatchObject({ uniqueId: "model.shop.uses", name: "uses", error: null });
    });

    test("compiles unsaved text, a file that is not there yet and a fragment, and writes none of it", async () => {
      const { project, made } = await shared.begin(models);
      const path = project.file("models/b.sql");
      const compile = (text: string, more: { fragment?: boolean; path?: string } = {}) =>
        made.plugin.compileNode!(refOf(project), { path, text, ...more });
      const onC = "select {{ twice(3) }} as n, '{{ this.name }}' as t from {{ ref('c') }}\n";
      if (subject.expects.refusesCycles) {
        expect((await compile(onC)).error?.message).toMatch(/Cycle/);
      }
      const typed = await compile(subject.expects.refusesCycles ? onC.replace("'c'", "'a'") : onC);
      expect(typed).toMatchObject({ uniqueId: "model.shop.b", error: null });
      expect(typed.sql).toMatch(/^select \(3 \* 2\) as n, 'b' as t from .*"[ac]"$/);
      const fresh = await compile("select * from {{ ref('a') }}", {
        path: project.file("models/new_one.sql"),
      });
      expect(fresh).toMatchObject({ uniqueId: null, name: "new_one", error: null });
      expect(fresh.sql).toContain('"a"');
      const part = await compile("{{ twice(2) }} from {{ this }}", { fragment: true });
      expect(part).toMatchObject({ uniqueId: null, error: null });
      expect(part.sql).toMatch(/^\(2 \* 2\) from .*"b"$/);
      const inMacro = await compile("select {{ twice(1) }}", {
        fragment: true,
        path: project.file("macros/m.sql"),
      });
      expect(inMacro.sql).toBe("select (1 * 2)");
      expect(await readFile(path, "utf8")).toBe(models["models/b.sql"]);
      expect(existsSync(project.file("target"))).toBe(false);
      const wrong = await made.plugin.compileNode!(refOf(project), {
        path: project.file("macros/m.sql"),
      }).then(
        () => null,
        (reason: unknown) => reason,
      );
      expect(wrong).toBeInstanceOf(DbtConfigurationError);
    });

    test("a text that does not compile is data, at its line; the next one is not the worse for it", async () => {
      const { project, made } = await shared.begin(models);
      const path = project.file("models/b.sql");
      const compile = (text: string) => made.plugin.compileNode!(refOf(project), { path, text });
      for (const [text, line, words] of [
        ["\n\nselect 1\nfrom {{ ref('nope') }}\n", 4, /nope/],
        ["select 1,\n  {{ zork(1) }}\n", 2, /zork/],
        ["\nselect 1\n\n{% if %}\n", 4, /Expected an expression|unexpected end/],
        ["select {{ exceptions.raise_compiler_error('no way') }}\n", 1, /no way/],
      ] as const) {
        const { sql, error, uniqueId } = await compile(text);
        expect(sql).toBeNull();
        expect(uniqueId).toBe("model.shop.b");
        expect(error?.message).toMatch(words);
        expect(error?.line).toBe(line);
      }
      expect((await compile(models["models/b.sql"]!)).error).toBeNull();
    });

    test("sees what was saved since, and says which file keeps dbt from reading the project", async () => {
      const { project, made } = await shared.begin(models);
      const ref = refOf(project);
      const path = project.file("models/b.sql");
      const text = "select * from {{ ref('later') }}";
      expect((await made.plugin.compileNode!(ref, { path, text })).error?.message).toContain("later");
      const later = await project.write("models/later.sql", "select 1 as id");
      made.plugin.filesChanged(ref, [later]);
      expect((await made.plugin.compileNode!(ref, { path, text })).sql).toContain('"later"');

      await using broken = await dbtProject({
        ...models,
        "models/schema.yml": "models:\n  - name: a\n   x: 1\n",
      });
      const error = await made.plugin.compileNode!(refOf(broken), { path: broken.file("models/a.sql") }).then(
        () => null,
        (reason: unknown) => reason,
      );
      expect(error).toBeInstanceOf(DbtError);
      expect((error as DbtError).filePath).toBe(broken.file("models/schema.yml"));
    });
  });
}
