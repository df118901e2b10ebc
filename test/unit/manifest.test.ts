import { execFileSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import path from "node:path";
import { describe, expect, it } from "vitest";
import * as z from "zod";
import { commandIds } from "../../client/commands/list.ts";
import { settings } from "../../protocol/settings.ts";
import { repoDir } from "../harness/environment.ts";

const described = z.object({ markdownDescription: z.string().min(10), scope: z.string() }).loose();
const pkg = z
  .object({
    activationEvents: z.array(z.string()),
    icon: z.string(),
    capabilities: z.object({
      untrustedWorkspaces: z.object({
        supported: z.literal("limited"),
        restrictedConfigurations: z.array(z.string()),
      }),
    }),
    contributes: z.object({
      commands: z.array(
        z.object({
          command: z.string(),
          title: z.string().min(3),
          category: z.literal("Floe dbt"),
          icon: z.string().regex(/^\$\([a-z-]+\)$/),
        }),
      ),
      menus: z.record(
        z.string(),
        z.array(
          z.object({ command: z.string().optional(), submenu: z.string().optional(), when: z.string() }),
        ),
      ),
      submenus: z.array(z.object({ id: z.string(), label: z.string() })),
      keybindings: z.array(z.object({ command: z.string(), key: z.string(), when: z.string() })),
      viewsContainers: z.record(z.string(), z.array(z.object({ id: z.string(), icon: z.string() }))),
      views: z.record(z.string(), z.array(z.object({ id: z.string(), icon: z.string(), when: z.string() }))),
      viewsWelcome: z.array(z.object({ view: z.string(), contents: z.string() })),
      configuration: z.object({ properties: z.record(z.string(), described) }),
      grammars: z.array(z.object({ path: z.string() })),
      yamlValidation: z.array(z.object({ url: z.string() })),
      languages: z.array(z.object({ configuration: z.string() })),
      walkthroughs: z.array(
        z.object({
          steps: z.array(z.object({ description: z.string(), media: z.object({ markdown: z.string() }) })),
        }),
      ),
    }),
  })
  .parse(JSON.parse(readFileSync(path.join(repoDir, "package.json"), "utf8")));

describe("package.json", () => {
  it("is not stale", () => {
    const node = path.join(
      repoDir,
      "node_modules",
      "node",
      "bin",
      process.platform === "win32" ? "node.exe" : "node",
    );
    const script = path.join(repoDir, "scripts", "manifest.mjs");
    execFileSync(node, ["--disable-warning=MODULE_TYPELESS_PACKAGE_JSON", script, "--check"], {
      stdio: "pipe",
    });
  });

  it("has every command with title and icon, and no other", () => {
    expect(pkg.contributes.commands.map(({ command }) => command)).toEqual(commandIds);
  });

  it("names only commands of ours in menus, keybindings, walkthroughs and welcomes", () => {
    const { menus, keybindings, walkthroughs, viewsWelcome } = pkg.contributes;
    const inMenus = Object.values(menus).flatMap((items) => items.flatMap(({ command }) => command ?? []));
    const texts = [
      ...walkthroughs.flatMap(({ steps }) => steps.map(({ description }) => description)),
      ...viewsWelcome.map(({ contents }) => contents),
    ];
    const inTexts = texts.flatMap((text) =>
      [...text.matchAll(/command:(floeDbt\.\w+)/g)].map(([, id]) => id),
    );
    for (const id of [...inMenus, ...keybindings.map(({ command }) => command), ...inTexts]) {
      expect(commandIds).toContain(id);
    }
  });

  it("has every submenu it names, and each has something in it", () => {
    const { menus, submenus } = pkg.contributes;
    const ids = submenus.map(({ id }) => id);
    expect(
      new Set(Object.values(menus).flatMap((items) => items.flatMap(({ submenu }) => submenu ?? []))),
    ).toEqual(new Set(ids));
    for (const id of ids) expect(menus[id]?.length, id).toBeGreaterThan(0);
  });

  it("has a container for its views, and welcomes of views it has", () => {
    const { views, viewsContainers, viewsWelcome } = pkg.contributes;
    const containers = Object.values(viewsContainers).flat();
    expect(Object.keys(views)).toEqual(containers.map(({ id }) => id));
    const ids = Object.values(views).flatMap((each) => each.map(({ id }) => id));
    for (const { view } of viewsWelcome) expect(ids).toContain(view);
  });

  it("has every setting, described, and no other", () => {
    expect(Object.keys(pkg.contributes.configuration.properties)).toEqual(
      Object.keys(settings).map((name) => `floeDbt.${name}`),
    );
  });

  it("starts in folders with a dbt project only", () => {
    expect(pkg.activationEvents).toEqual(["workspaceContains:**/dbt_project.yml"]);
  });

  it("lets no untrusted workspace choose what is executed", () => {
    const { restrictedConfigurations } = pkg.capabilities.untrustedWorkspaces;
    const known = Object.keys(pkg.contributes.configuration.properties);
    for (const name of restrictedConfigurations) expect(known).toContain(name);
    const ofMachine = Object.entries(settings).filter(
      ([, { presentation }]) => presentation.scope === "machine-overridable",
    );
    for (const [name] of ofMachine) expect(restrictedConfigurations).toContain(`floeDbt.${name}`);
  });

  it("names only files that exist", () => {
    const { grammars, languages, views, viewsContainers, walkthroughs, yamlValidation } = pkg.contributes;
    const files = [
      pkg.icon,
      ...Object.values(viewsContainers).flatMap((each) => each.map(({ icon }) => icon)),
      ...Object.values(views).flatMap((each) => each.map(({ icon }) => icon)),
      ...grammars.map((grammar) => grammar.path),
      ...yamlValidation.map(({ url }) => url),
      ...languages.map(({ configuration }) => configuration),
      ...walkthroughs.flatMap(({ steps }) => steps.map(({ media }) => media.markdown)),
    ];
    for (const file of files) expect(existsSync(path.join(repoDir, file)), file).toBe(true);
  });
});
