import { existsSync } from "node:fs";
import { readFile, rm } from "node:fs/promises";
import { describe, expect, test } from "vitest";
import type { ManifestUpdate } from "../../server/plugins/dbtPlugin.ts";
import { threeModels, type TestProject } from "../harness/dbtProject.ts";
import type { ContractSubject } from "./contractSubject.ts";
import { sharedSubject } from "./sharedSubject.ts";

const refOf = (project: TestProject) => ({ projectDir: project.dir, profilesDir: project.dir });
type Entry = Record<string, unknown>;
type Manifest = Record<string, Record<string, Entry>>;

/** What a manifest says of the project, without what differs from one parse to the next. */
function told(manifest: Manifest): Record<string, Entry[]> {
  const sections = Object.keys(manifest).filter((name) => !["metadata", "docs"].includes(name));
  return Object.fromEntries(
    sections.map((name) => [
      name,
      Object.entries(manifest[name] ?? {})
        .map(([id, entry]) => ({ id, ...(Array.isArray(entry) ? { entry } : { ...entry, created_at: 0 }) }))
        .sort((a, b) => (a.id < b.id ? -1 : 1)),
    ]),
  );
}

function differences(before: Manifest, now: Manifest): Record<string, Record<string, Entry | null>> {
  const changed: Record<string, Record<string, Entry | null>> = {};
  for (const [section, entries] of Object.entries(told(now))) {
    const theirs = new Map((told(before)[section] ?? []).map((entry) => [entry["id"], entry]));
    const its: Record<string, Entry | null> = {};
    for (const entry of entries) {
      const id = String(entry["id"]);
      if (JSON.stringify(theirs.get(id)) !== JSON.stringify(entry)) its[id] = entry;
      theirs.delete(id);
    }
    for (const id of theirs.keys()) its[String(id)] = null;
    if (Object.keys(its).length > 0) changed[section] = its;
  }
  return changed;
}

/** The project as it is now, or as it was compiled elsewhere: whole, and then in what changed. */
export function manifestCases(subject: ContractSubject): void {
  const has = subject.make().plugin.capabilities;
  describe.runIf(has.has("manifestUpdate"))(`${subject.name}: manifest update`, () => {
    const shared = sharedSubject(subject);

    test("is a whole manifest.json first, apart from the user's target, and then what an edit changed", async () => {
      const { project, made } = await shared.begin(threeModels);
      const ref = refOf(project);
      let before: Manifest = {};
      /** What changed since the update before, also where the answer is the whole. */
      const update = async (since: string | null): Promise<ManifestUpdate> => {
        const answer = await made.plugin.manifestUpdate!(ref, since);
        if (!("file" in answer)) return answer;
        const now = JSON.parse(await readFile(answer.file, "utf8")) as Manifest;
        const changed = differences(before, now);
        before = now;
        return subject.expects.wholeManifests && since?.startsWith("nonsense") === false
          ? { token: answer.token, changed }
          : answer;
      };
      const saved = async (name: string, text: string | null) => {
        const file = project.file(name);
        if (text === null) await rm(file);
        else await project.write(name, text);
        made.plugin.filesChanged(ref, [file]);
      };
      /** What runs elsewhere knows of the project what was compiled there. */
      const compiled = async (): Promise<void> => {
        if (subject.expects.elsewhere) await made.plugin.compileProject(ref);
      };
      await compiled();
      const first = await update(null);
      if (!("file" in first)) throw new Error("The first answer is a whole manifest.");
      const whole = JSON.parse(await readFile(first.file, "utf8")) as Manifest;
      expect(Object.keys(whole["nodes"]!)).toContain("model.shop.c");
      expect(existsSync(project.file("target"))).toBe(false);
      expect(await update(first.token)).toEqual({ token: first.token, changed: {} });

      // Only the SQL between the Jinja: one entry, with its new text.
      await saved("models/c.sql", "select max(amount) as total\nfrom {{ ref('b') }}\n");
      await compiled();
      const sql = await update(first.token);
      expect(Object.keys("changed" in sql ? sql.changed : {})).toEqual(["nodes"]);
      expect(sql).toMatchObject({
        changed: { nodes: { "model.shop.c": { raw_code: expect.stringContaining("max") as string } } },
      });

      // A new reference, a model that is new and one that is gone.
      await saved("models/c.sql", "select * from {{ ref('a') }}\n");
      await saved("models/d.sql", "select * from {{ ref('c') }}\n");
      await saved("models/b.sql", null);
      await saved("models/schema.yml", threeModels["models/schema.yml"]!.replace(/ {2}- name: b[\s\S]*/, ""));
      await compiled();
      const more = await update(sql.token);
      if (!("changed" in more)) throw new Error("What changed was expected.");
      const nodes = more.changed["nodes"]!;
      expect(nodes["model.shop.b"]).toBeNull();
      expect(nodes["model.shop.c"]).toMatchObject({ depends_on: { nodes: ["model.shop.a"] } });
      expect(nodes["model.shop.d"]).toMatchObject({ original_file_path: "models/d.sql" });
      expect(Object.keys(more.changed["macros"] ?? {})).toEqual([]);

      // Whoever is too far behind takes the whole; it is what the command line says.
      const again = await update("nonsense.3");
      if (!("file" in again)) throw new Error("A token nobody gave means all of it.");
      const now = JSON.parse(await readFile(again.file, "utf8")) as Manifest;
      await made.plugin.compileProject(ref);
      const theirs = (await made.plugin.getManifest(ref)) as Manifest;
      expect(Object.keys(now).sort()).toEqual(Object.keys(theirs).sort());
      expect(told(now)["macros"]).toEqual(told(theirs)["macros"]);
      expect(told(now)["sources"]).toEqual(told(theirs)["sources"]);
      expect(told(now)["nodes"]!.map(({ id }) => id)).toEqual(told(theirs)["nodes"]!.map(({ id }) => id));
      expect(now["child_map"]).toEqual(theirs["child_map"]);
    });
  });
}
