import { readdirSync, readFileSync } from "node:fs";
import path from "node:path";
import { describe, expect, test } from "vitest";
import ts from "typescript";

const repoDir = path.resolve(import.meta.dirname, "../..");
const folders = ["client", "protocol", "server", "webviews"];

interface Import {
  /** Repository path of the importing file, with "/". */
  from: string;
  /** Repository path of a file of ours, or a package's name. */
  to: string;
  ours: boolean;
  typeOnly: boolean;
  /** import(): loaded when it is reached, not with the file. */
  later: boolean;
}

const files = folders.flatMap((folder) =>
  readdirSync(path.join(repoDir, folder), { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".ts"))
    .map((name) => `${folder}/${name.split(path.sep).join("/")}`),
);
const imports = files.flatMap(importsOf);

function importsOf(from: string): Import[] {
  const source = ts.createSourceFile(
    from,
    readFileSync(path.join(repoDir, from), "utf8"),
    ts.ScriptTarget.Latest,
    true,
  );
  const found: Import[] = [];
  const add = (specifier: string, typeOnly: boolean, later = false): void => {
    const ours = specifier.startsWith(".");
    const to = ours ? path.posix.join(path.posix.dirname(from), specifier) : specifier;
    found.push({ from, to, ours, typeOnly, later });
  };
  const visit = (node: ts.Node): void => {
    if ((ts.isImportDeclaration(node) || ts.isExportDeclaration(node)) && node.moduleSpecifier) {
      const isType = ts.isImportDeclaration(node) ? onlyTypes(node) : node.isTypeOnly;
      if (ts.isStringLiteral(node.moduleSpecifier)) add(node.moduleSpecifier.text, isType);
    } else if (
      ts.isCallExpression(node) &&
      (node.expression.kind === ts.SyntaxKind.ImportKeyword || node.expression.getText() === "require")
    ) {
      const [argument] = node.arguments;
      if (argument && ts.isStringLiteralLike(argument)) add(argument.text, false, true);
    }
    ts.forEachChild(node, visit);
  };
  visit(source);
  return found;
}

function onlyTypes({ importClause }: ts.ImportDeclaration): boolean {
  if (!importClause) return false;
  if (importClause.phaseModifier === ts.SyntaxKind.TypeKeyword) return true;
  const { name, namedBindings } = importClause;
  return (
    !name &&
    namedBindings !== undefined &&
    ts.isNamedImports(namedBindings) &&
    namedBindings.elements.length > 0 &&
    namedBindings.elements.every((element) => element.isTypeOnly)
  );
}

/** Imports from files of one folder that `isForbidden`, as readable lines. */
function violations(folder: string, isForbidden: (each: Import) => boolean): string[] {
  return imports
    .filter((each) => each.from.startsWith(folder) && isForbidden(each))
    .map((each) => `${each.from} imports ${each.to}`);
}

const inFolder = (folder: string) => (each: Import) => each.ours && each.to.startsWith(folder);
const fromPackage = (name: string) => (each: Import) =>
  !each.ours && (each.to === name || each.to.startsWith(`${name}/`));

describe("layers", () => {
  test("there is something to look at", () => {
    expect(files.length).toBeGreaterThan(30);
    expect(imports.some((each) => each.from === "server/main.ts" && each.to === "server/server.ts")).toBe(
      true,
    );
  });

  test("every import of ours names a file that exists", () => {
    const known = new Set(files);
    expect(imports.filter((each) => each.ours && each.to.endsWith(".ts") && !known.has(each.to))).toEqual([]);
  });

  test("the protocol imports nothing of ours but itself", () => {
    expect(violations("protocol/", (each) => each.ours && !each.to.startsWith("protocol/"))).toEqual([]);
  });

  test("client and server know each other only through the protocol", () => {
    expect(violations("server/", inFolder("client/"))).toEqual([]);
    expect(violations("client/", inFolder("server/"))).toEqual([]);
    expect(violations("client/", inFolder("webviews/"))).toEqual([]);
  });

  test("a page knows the protocol, and no process but the browser's", () => {
    const allowed = (each: Import): boolean =>
      each.ours ? /^(webviews|protocol)\//.test(each.to) : each.to === "@tanstack/virtual-core";
    expect(violations("webviews/", (each) => !allowed(each))).toEqual([]);
  });

  test("vscode is imported in client/ alone", () => {
    expect(violations("server/", fromPackage("vscode"))).toEqual([]);
    expect(violations("protocol/", fromPackage("vscode"))).toEqual([]);
  });

  test.each([
    ["execa", "server/platform/process.ts"],
    ["undici", "server/platform/http.ts"],
  ])("%s is imported in %s alone", (name, only) => {
    expect(imports.filter((each) => fromPackage(name)(each) && each.from !== only)).toEqual([]);
  });

  test("to be activated the client loads no library: they come with the server's start and with what needs them", () => {
    const loaded = new Set(["client/extension.ts"]);
    const libraries: string[] = [];
    for (const file of loaded) {
      for (const { from, to, ours, typeOnly, later } of imports) {
        if (from !== file || typeOnly || later) continue;
        if (ours) loaded.add(to);
        else if (to !== "vscode" && !to.startsWith("node:")) libraries.push(`${file} imports ${to}`);
      }
    }
    expect(loaded.size).toBeGreaterThan(20);
    expect(libraries).toEqual([]);
  });

  test("nothing else starts a process", () => {
    expect(
      imports.filter(
        (each) =>
          /^(node:)?(child_process|cluster)$/.test(each.to) && each.from !== "server/platform/process.ts",
      ),
    ).toEqual([]);
  });

  test.each([
    ["server/platform/", ["server/platform/", "protocol/"]],
    ["server/config/", ["server/config/", "server/platform/", "protocol/"]],
    ["server/sql/", ["server/sql/"]],
    ["server/compare/", ["server/compare/", "server/plugins/", "protocol/"]],
    ["server/lint/", ["server/lint/", "server/plugins/", "server/platform/", "protocol/"]],
    [
      "server/runs/",
      [
        "server/runs/",
        "server/config/",
        "server/sql/",
        "server/lint/",
        "server/plugins/",
        "server/platform/",
        "protocol/",
      ],
    ],
    [
      "server/manifest/",
      [
        "server/manifest/",
        "server/sql/",
        "server/config/",
        "server/plugins/",
        "server/platform/",
        "protocol/",
      ],
    ],
    [
      "server/projects/",
      ["server/projects/", "server/config/", "server/plugins/", "server/platform/", "protocol/"],
    ],
  ])("%s imports only what is below it", (folder, allowed) => {
    expect(
      violations(folder, (each) => each.ours && !allowed.some((prefix) => each.to.startsWith(prefix))),
    ).toEqual([]);
  });

  test("what a runtime is made of stays in plugins/: others know the contract", () => {
    const entries = ["server/main.ts", "server/cli.ts", "server/cli/"];
    const inside = /^server\/plugins\/[^/]+\//;
    expect(
      imports
        .filter((each) => each.ours && inside.test(each.to) && !each.from.startsWith("server/plugins/"))
        .filter((each) => !entries.some((entry) => each.from.startsWith(entry)))
        .map((each) => `${each.from} imports ${each.to}`),
    ).toEqual([]);
  });

  test("no cycles", () => {
    const edges = Map.groupBy(
      imports.filter((each) => each.ours && !each.typeOnly),
      (each) => each.from,
    );
    const done = new Set<string>();
    const cycles: string[] = [];
    const walk = (file: string, trail: readonly string[]): void => {
      if (trail.includes(file)) {
        cycles.push([...trail.slice(trail.indexOf(file)), file].join(" -> "));
        return;
      }
      if (done.has(file)) return;
      for (const { to } of edges.get(file) ?? []) walk(to, [...trail, file]);
      done.add(file);
    };
    for (const file of files) walk(file, []);
    expect(cycles).toEqual([]);
  });
});
