import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { describe, expect, test } from "vitest";
import { RedactingLog } from "../../server/platform/log.ts";
import { EngineCheck } from "../../server/plugins/fusion/engineCheck.ts";
import type { SaidDiagnostic } from "../../server/plugins/fusion/engineEvents.ts";
import { EngineGlance, glancedCodes } from "../../server/plugins/fusion/engineGlance.ts";
import { createFusionCommands } from "../../server/plugins/fusion/fusionCommands.ts";
import { fusionEnvironment } from "../../server/plugins/fusion/fusionEnvironment.ts";
import { createEngineProbe } from "../../server/plugins/fusion/probeEngine.ts";
import { dbtProject, threeModels } from "../harness/dbtProject.ts";
import { testEngine } from "../harness/environment.ts";
import { fusionSubject } from "./fusionSubject.ts";
import { lintCases } from "./lintCases.ts";

lintCases(fusionSubject);

const others = { "models/d.sql": "select 1 as id\n", "models/e.sql": "select 1 as id\n" };

describe("the first look at what is typed, on the real engine", () => {
  test("says what the whole check then says of the file, or nothing: never what that takes back", async () => {
    await using project = await dbtProject({ ...threeModels, ...others });
    const storage = mkdtempSync(path.join(tmpdir(), "floe-dbt-glance-"));
    try {
      const log = new RedactingLog(() => undefined);
      const engine = testEngine();
      const env = { PATH: process.env.PATH, HOME: storage, ...engine.env };
      const ref = { projectDir: project.dir, profilesDir: project.dir };
      const settingsOf = () => Promise.resolve({ enginePath: engine.dbt });
      const probe = createEngineProbe({ log, env });
      const ready = await createFusionCommands({
        log,
        environmentOf: (its) => fusionEnvironment(its, { log, env, probe, settingsOf }),
        privateDirOf: () => storage,
      }).ready(ref, {});
      const glance = new EngineGlance(path.join(storage, "glance"), project.dir, log);
      const check = new EngineCheck(path.join(storage, "live"), project.dir, log);
      const [a, b] = [project.file("models/a.sql"), project.file("models/b.sql")];
      const texts = new Map([[b, "select 1"]]);
      expect(await glance.glance(ready, texts, b, {})).toBeNull();
      await glance.prepare(ready, {});

      const plain = ({ code, line, column, message }: SaidDiagnostic) => [code, line, column, message];
      const said: Record<string, string[] | null> = {};
      const type = async (what: string, file: string, text: string): Promise<void> => {
        texts.set(file, text);
        const first = await glance.glance(ready, texts, file, {});
        said[what] = first?.map(({ code }) => code) ?? null;
        const { parse } = await check.check(ready, texts, file, {});
        const relative = path.relative(project.dir, file);
        const whole = parse.filter((each) => each.file === relative && glancedCodes.has(each.code));
        if (first) expect(first.map(plain), what).toEqual(whole.map(plain));
      };
      await type("unknown ref", b, "select id from {{ ref('nope') }}\n");
      await type("Jinja that does not parse", b, "select {% if %} id from {{ ref('a') }}\n");
      await type("unknown macro", b, "select {{ nope() }} from {{ ref('a') }}\n");
      await type("unknown source", b, "select 1 from {{ source('raw', 'nope') }}\n");
      await type("unknown key", b, "{{ config(materialised='view') }} select 1 as id from {{ ref('a') }}\n");
      await type("clean", b, "select id from {{ ref('a') }}\n");
      await type(
        "another model that is there",
        b,
        "select id from {{ ref('d') }}, {{ ref('raw_orders') }}\n",
      );
      await type("a name put together", b, "{% set n = 'e' %}select id from {{ ref(n) }}\n");
      await type("a source that is there", b, "select id from {{ source('raw', 'raw_orders') }}\n");
      await type("what others stand on, broken", a, "select {% if %}\n");
      await type("on what is broken", b, "select id from {{ ref('a') }} -- 2\n");
      await type("what others stand on, mended", a, threeModels["models/a.sql"]!);
      await type("on what is mended", b, "select id from {{ ref('a') }} -- 3\n");
      expect(said).toEqual({
        "unknown ref": ["dbt1048"],
        "Jinja that does not parse": ["dbt1502"],
        "unknown macro": ["dbt1501"],
        "unknown source": ["dbt1048"],
        "unknown key": ["dbt1060"],
        clean: [],
        "another model that is there": [],
        "a name put together": null,
        "a source that is there": [],
        "what others stand on, broken": ["dbt1502"],
        "on what is broken": [],
        "what others stand on, mended": [],
        "on what is mended": [],
      });
      // With every edit a log would grow that nobody reads.
      for (const folder of ["glance", "live"]) {
        expect(readdirSync(path.join(storage, folder, "target"))).not.toContain("dbt.log");
      }
      // Of a macro or YAML only the whole check can tell.
      const macro = project.file("macros/m.sql");
      expect(await glance.glance(ready, new Map([[macro, "{% macro x() %}"]]), macro, {})).toBeNull();
      const yaml = project.file("models/schema.yml");
      expect(await glance.glance(ready, new Map([[yaml, "models: 1\n"]]), yaml, {})).toBeNull();
    } finally {
      rmSync(storage, { recursive: true, force: true, maxRetries: 10 });
    }
  });
});
