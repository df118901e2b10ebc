import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { describe, expect, it, test } from "vitest";
import * as z from "zod";
import { commandFacts, commandIds } from "../../client/commands/list.ts";
import { projectCapabilities } from "../../protocol/capabilities.ts";
import { repoDir } from "../harness/environment.ts";
import { canBothHold, whenClause } from "../harness/whenClause.ts";

const placed = z.object({
  command: z.string().optional(),
  submenu: z.string().optional(),
  when: z.string(),
  group: z.string().optional(),
});
const { contributes } = z
  .object({
    contributes: z.object({
      commands: z.array(
        z.object({ command: z.string(), title: z.string(), enablement: z.string().optional() }),
      ),
      menus: z.record(z.string(), z.array(placed)),
      keybindings: z.array(
        z.object({ command: z.string(), key: z.string(), mac: z.string().optional(), when: z.string() }),
      ),
      views: z.record(
        z.string(),
        z.array(z.object({ id: z.string(), type: z.string().optional(), when: z.string() })),
      ),
      walkthroughs: z.array(
        z.object({
          steps: z.array(
            z.object({
              id: z.string(),
              description: z.string(),
              when: z.string().optional(),
              completionEvents: z.array(z.string()).min(1),
            }),
          ),
        }),
      ),
      viewsWelcome: z.array(
        z.object({ view: z.string(), contents: z.string(), when: z.string().optional() }),
      ),
      configuration: z.object({
        properties: z.record(
          z.string(),
          z
            .object({
              default: z.unknown(),
              enum: z.array(z.string()).optional(),
              enumDescriptions: z.array(z.string().min(3)).optional(),
              markdownDescription: z.string(),
              order: z.number(),
              scope: z.enum(["window", "resource", "machine-overridable"]),
            })
            .loose(),
        ),
      }),
    }),
  })
  .parse(JSON.parse(readFileSync(path.join(repoDir, "package.json"), "utf8")));
const { commands, configuration, keybindings, menus, views, viewsWelcome, walkthroughs } = contributes;
const { commandPalette = [], ...others } = menus;

const inPalette = (id: string): string =>
  commandPalette.find(({ command }) => command === id)?.when ?? "true";
/** Menus of one row, or of one cell: what they are about is handed to the command. */
const rowMenus = ["view/item/context", "webview/context"];
/** They ask which project is meant. */
const asking = ["floeDbt.compareEnvironments", "floeDbt.selectRuntime", "floeDbt.selectTarget"];
/** Links of our own pages. */
const linked = ["floeDbt.openComparedFile", "floeDbt.showComparedSql"];

const sources = (folder: string): string[] =>
  readdirSync(path.join(repoDir, folder), { recursive: true, encoding: "utf8" })
    .filter((file) => file.endsWith(".ts"))
    .map((file) => readFileSync(path.join(repoDir, folder, file), "utf8"));

describe("what package.json contributes", () => {
  it("has only clauses that VS Code can read, about facts that somebody tells", () => {
    const clauses = [
      ...commands.flatMap(({ enablement }) => enablement ?? []),
      ...Object.values(menus).flatMap((items) => items.map(({ when }) => when)),
      ...[...keybindings, ...Object.values(views).flat()].map(({ when }) => when),
      ...viewsWelcome.flatMap(({ when }) => when ?? []),
      ...walkthroughs.flatMap(({ steps }) => steps.flatMap(({ when }) => when ?? [])),
    ];
    const keys = new Set(clauses.flatMap((clause) => whenClause(clause).keys));
    const client = sources("client").join("\n");
    for (const key of [...keys].filter((each) => each.startsWith("floeDbt."))) {
      const [, word, capability] = key.split(".");
      if (word === "can" || word === "fileCan") expect(projectCapabilities, key).toContain(capability);
      else expect(client, key).toContain(`"${key}"`);
    }
  });

  it("asks of rows only words that a row has", () => {
    const views = sources("client").join("\n");
    const server = sources("server/manifest").join("\n");
    const words = new Set(
      Object.values(menus)
        .flat()
        .flatMap(({ when }) => [...when.matchAll(/viewItem =~ \/(.*?)\//g)].map(([, pattern]) => pattern!))
        .flatMap((pattern) => pattern.replaceAll("\\b", " ").match(/[a-zA-Z]+/g) ?? []),
    );
    for (const word of words) {
      expect(`${views}${server}`, word).toMatch(new RegExp(`["\`' ]${word}["\`' ]`));
    }
  });

  it("hides from the palette what needs a row, and nothing else", () => {
    const hidden = commandIds.filter((id) => inPalette(id) === "false");
    const onlyOnRows = commandIds.filter((id) => {
      const places = Object.entries(others).filter(([, items]) =>
        items.some(({ command }) => command === id),
      );
      return places.length > 0 && places.every(([menu]) => rowMenus.includes(menu));
    });
    for (const id of onlyOnRows) {
      if (!asking.includes(id)) expect(hidden, id).toContain(id);
    }
    for (const id of hidden) {
      // Of a folder of the Explorer, too.
      const isOfFolder = /^floeDbt\.\w+Selection$/.test(id);
      expect(onlyOnRows.includes(id) || linked.includes(id) || isOfFolder, id).toBe(true);
    }
  });

  it("has no two commands in the palette that read the same", () => {
    const offered = commands.filter(({ command }) => inPalette(command) !== "false");
    const titles = offered.map(({ title }) => title);
    expect(titles.filter((title, index) => titles.indexOf(title) !== index)).toEqual([]);
  });

  it("offers nothing, by menu or key, that the environment cannot do", () => {
    for (const [id, { needs }] of Object.entries(commandFacts)) {
      if (!needs) continue;
      const items = [...Object.values(menus).flat(), ...keybindings].filter(({ command }) => command === id);
      for (const { when } of items.filter((item) => item.when !== "false")) {
        expect(when, id).toMatch(new RegExp(`floeDbt\\.(can|fileCan)\\.${needs}$`));
      }
    }
  });

  test.each(["key", "mac"] as const)("has no two keybindings (%s) for one moment", (kind) => {
    const bound = keybindings.map(({ command, when, ...keys }) => ({
      command,
      when: whenClause(when),
      keys: (keys[kind] ?? keys.key).split(" "),
    }));
    for (const [index, one] of bound.entries()) {
      for (const other of bound.slice(index + 1)) {
        // A chord also clashes with a key that it begins with.
        const clash = one.keys.every((key, at) => at >= other.keys.length || key === other.keys[at]);
        if (clash) expect(canBothHold(one.when, other.when), `${one.command}, ${other.command}`).toBe(false);
      }
    }
  });

  it("has icons that VS Code has, for every command and in every text", () => {
    const mapping = z
      .record(z.string(), z.array(z.string()))
      .parse(
        JSON.parse(
          readFileSync(path.join(repoDir, "node_modules/@vscode/codicons/src/template/mapping.json"), "utf8"),
        ),
      );
    const known = new Set(Object.values(mapping).flat());
    const code = sources("client").map((text) => text.replaceAll(/\/\*\*.*?\*\//gs, ""));
    const texts = [readFileSync(path.join(repoDir, "package.json"), "utf8"), ...code];
    const used = texts.flatMap((text) => [
      ...[...text.matchAll(/\$\(([a-z-]+)(?:~spin)?\)/g)].map(([, name]) => name!),
      ...[...text.matchAll(/ThemeIcon\("([a-z-]+)(?:~spin)?"/g)].map(([, name]) => name!),
    ]);
    expect(used.length).toBeGreaterThan(commandIds.length);
    expect([...new Set(used)].filter((name) => !known.has(name))).toEqual([]);
  });

  it("has in every view that can be empty a word of what to do, trusted or not", () => {
    const trees = Object.values(views)
      .flat()
      .filter(({ type }) => type !== "webview");
    const remedy = "floeDbt.explorer.remedy";
    const moments: [isTrusted: boolean, facts: string[]][] = [
      [false, []],
      [true, []],
      [true, [remedy]],
      [true, [remedy, `${remedy} == floeDbt.installPackages`]],
      [true, [remedy, `${remedy} == floeDbt.setUpEnvironment`]],
    ];
    for (const { id } of trees) {
      for (const [isTrusted, facts] of moments) {
        const given = new Set([
          "floeDbt.explorer.empty",
          ...facts,
          ...(isTrusted ? ["isWorkspaceTrusted"] : []),
        ]);
        const shown = viewsWelcome.filter(
          ({ view, when }) => view === id && whenClause(when ?? "true").holds(given),
        );
        expect(shown, `${id}, trusted: ${isTrusted}, ${facts.join()}`).toHaveLength(1);
        expect(shown[0]!.contents).toContain(
          isTrusted ? "(command:floeDbt." : "(command:workbench.trust.manage)",
        );
      }
    }
  });

  it("ticks each step of the walkthrough by what one of its links does, also where that is seen already", () => {
    /** What a link brings about that is no command. */
    const brings: Record<string, string> = {
      "workbench.action.files.openFolder": "onContext:floeDbt.hasProjects",
      "workbench.trust.manage": "onContext:isWorkspaceTrusted",
    };
    const ids = Object.values(views).flatMap((each) => each.map(({ id }) => id));
    for (const { id, description, when, completionEvents } of walkthroughs.flatMap(({ steps }) => steps)) {
      const links = [...description.matchAll(/\(command:([\w.]+)\)/g)].map(([, command]) => command!);
      const done = links.map((link) => brings[link] ?? `onCommand:${link}`);
      // A step without a link is done by being looked at.
      expect(completionEvents, id).toEqual(
        expect.arrayContaining(done.length > 0 ? done : ["onStepSelected"]),
      );
      for (const [kind, name = ""] of completionEvents.map((event) => event.split(":"))) {
        if (kind === "onCommand") expect([...commandIds, ...links], id).toContain(name);
        else if (kind === "onView") expect([...ids, "workbench.view.testing"], id).toContain(name);
        else if (kind === "onContext") {
          // Where it holds already, nobody is told of it: the step is not there then.
          expect(canBothHold(whenClause(when ?? "true"), whenClause(name)), id).toBe(false);
        }
      }
    }
  });

  it("has a first step of the walkthrough whatever is open, and one only", () => {
    const [steps] = walkthroughs.map((each) => each.steps.filter(({ when }) => when !== undefined));
    for (const facts of [["isWorkspaceTrusted"], ["isWorkspaceTrusted", "floeDbt.hasProjects"], []]) {
      const shown = steps?.filter(({ when }) => whenClause(when ?? "true").holds(new Set(facts)));
      expect(shown, facts.join()).toHaveLength(1);
    }
  });

  it("says of every setting what it is, where it can be set, and of every choice what it means", () => {
    const all = Object.entries(configuration.properties);
    for (const [name, { enum: choices, enumDescriptions, markdownDescription, ...rest }] of all) {
      expect(markdownDescription, name).toMatch(/^[A-Z].*[.]$/s);
      expect(enumDescriptions?.length, name).toBe(choices?.length);
      expect(rest, name).toHaveProperty("default");
    }
    const orders = all.map(([, { order }]) => order);
    expect(orders).toEqual(orders.toSorted((a, b) => a - b));
  });
});
