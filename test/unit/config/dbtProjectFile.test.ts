import { expect, test } from "vitest";
import { folderWith, goodProject, load, shown } from "./projectOnDisk.ts";

async function problemsOf(dbtProject: string | Uint8Array, env: NodeJS.ProcessEnv = {}) {
  await using folder = await folderWith({ ...goodProject, "dbt_project.yml": dbtProject });
  return shown(await load(folder, { env }), folder);
}

test("a project without a mistake has dbt's default folders and no problem", async () => {
  await using folder = await folderWith(goodProject);
  const config = await load(folder);
  expect(config.problems).toEqual([]);
  expect(config).toMatchObject({ name: "shop", version: "1.0", requireDbtVersion: [], vars: {} });
  expect(config.paths).toEqual({
    models: [folder.at("models")],
    seeds: [folder.at("seeds")],
    snapshots: [folder.at("snapshots")],
    analyses: [folder.at("analyses")],
    tests: [folder.at("tests")],
    macros: [folder.at("macros")],
    functions: [folder.at("functions")],
    docs: ["models", "seeds", "snapshots", "analyses", "tests", "macros", "functions"].map((each) =>
      folder.at(each),
    ),
    target: folder.at("target"),
    logs: folder.at("logs"),
    packages: folder.at("dbt_packages"),
  });
});

test("folders, versions and vars come from the file, and folders from Jinja and the environment", async () => {
  await using folder = await folderWith({
    ...goodProject,
    "dbt_project.yml": [
      "name: shop",
      "profile: shop",
      "require-dbt-version: '>=1.8.0,<2.0.0'",
      "model-paths: [models, more/models]",
      "target-path: \"{{ env_var('BUILD', 'build') }}\"",
      "packages-install-path: vendored",
      "vars: {day: 2024-01-01}",
    ].join("\n"),
  });
  const config = await load(folder, { env: { DBT_LOG_PATH: "elsewhere" } });
  expect(config.problems).toEqual([]);
  expect(config.requireDbtVersion).toEqual([">=1.8.0", "<2.0.0"]);
  expect(Object.keys(config.vars)).toEqual(["day"]);
  expect(config.paths).toMatchObject({
    models: [folder.at("models"), folder.at("more/models")],
    target: folder.at("build"),
    logs: folder.at("elsewhere"),
    packages: folder.at("vendored"),
  });
});

test.each([
  [
    "no name",
    "profile: shop\n",
    `dbt_project.yml:1:1 error "name" is missing: every dbt project has one, such as "name: my_project".`,
  ],
  [
    "a name dbt refuses",
    "name: my-shop\nprofile: shop\n",
    `dbt_project.yml:1:7 error "name" must be letters, digits and underscores, and not start with a digit.`,
  ],
  [
    "a reserved name",
    "profile: shop\nname: model\n",
    `dbt_project.yml:2:7 error "name" must be another name: dbt uses this one itself.`,
  ],
  [
    "no profile",
    "name: shop\n",
    `dbt_project.yml:1:1 error "profile" is missing: it names the profile of profiles.yml to connect with. (The variable DBT_PROFILE can name one, too.)`,
  ],
  [
    "a list that is a text",
    "name: shop\nprofile: shop\nmodel-paths: models\n",
    `dbt_project.yml:3:14 error "model-paths" must be a list, such as ["models"].`,
  ],
  [
    "vars that are a list",
    "name: shop\nprofile: shop\nvars: [1]\n",
    `dbt_project.yml:3:1 error "vars" must be a mapping of keys and values.`,
  ],
  [
    "a version that is none",
    "name: shop\nprofile: shop\nversion: abc\n",
    `dbt_project.yml:3:10 error "version" must be a version, such as "1.0.0".`,
  ],
  [
    "a number for a text",
    "name: shop\nprofile: 7\n",
    `dbt_project.yml:2:10 error "profile" must be a text (in quotes, if it looks like a number or a date).`,
  ],
  [
    "a former key",
    "name: shop\nprofile: shop\nsource-paths: [models]\n",
    `dbt_project.yml:3:1 warning "source-paths" is now called "model-paths". Rename it.`,
  ],
  [
    "a former key beside the new one",
    "name: shop\nprofile: shop\ndata-paths: [a]\nseed-paths: [a]\n",
    `dbt_project.yml:3:1 error "data-paths" and "seed-paths" cannot both be there. Remove "data-paths".`,
  ],
  [
    "a key with a typo",
    "name: shop\nprofile: shop\nseed_paths: [a]\n",
    `dbt_project.yml:3:1 error "seed_paths" is not a key of dbt_project.yml. Did you mean "seed-paths"?`,
  ],
  [
    "a key dbt does not know",
    "name: shop\nprofile: shop\nowner: me\n",
    `dbt_project.yml:3:1 warning "owner" is not a key of dbt_project.yml, and dbt refuses a project with keys it does not know. Values of your own go under "vars".`,
  ],
  [
    "Jinja without quotes",
    "name: shop\nprofile: {{ env_var('P') }}\n",
    `dbt_project.yml:2:1 error "profile" needs quotes around its Jinja: "{{ ... }}".`,
  ],
  [
    "a variable that is not set",
    "name: shop\nprofile: shop\nmodels:\n  shop:\n    +schema: \"{{ env_var('SCHEMA') }}\"\n",
    `dbt_project.yml:5:14 error The environment variable SCHEMA is not set. Set it (a .env file in the workspace will do), or give a default: env_var('SCHEMA', '...').`,
  ],
  [
    "a secret variable",
    "name: shop\nprofile: \"{{ env_var('DBT_ENV_SECRET_X', 'shop') }}\"\n",
    `dbt_project.yml:2:10 error dbt allows variables that start with DBT_ENV_SECRET in profiles.yml and packages.yml only. Use another name for DBT_ENV_SECRET_X here.`,
  ],
  [
    "the same key twice",
    "name: shop\nprofile: other\nprofile: shop\n",
    `dbt_project.yml:3:1 warning This key stands twice in one mapping; only the last one counts.`,
  ],
  [
    "a tab",
    "name: shop\nmodels:\n\tshop: {}\nprofile: shop\n",
    `dbt_project.yml:3:1 error YAML does not allow tabs as indentation. Use spaces.`,
  ],
  [
    "an open quote",
    'name: shop\nprofile: "shop\nmodels:\n  a: 1\n',
    `dbt_project.yml:2:10 error This quote is never closed.`,
  ],
  [
    "an empty file",
    "",
    `dbt_project.yml:1:1 error dbt_project.yml is empty. It needs at least "name" and "profile".`,
  ],
  [
    "only comments",
    "# later\n",
    `dbt_project.yml:1:1 error dbt_project.yml is empty. It needs at least "name" and "profile".`,
  ],
  [
    "a list",
    "- name\n",
    `dbt_project.yml:1:1 error dbt_project.yml is not a mapping of keys and values. It needs at least "name" and "profile".`,
  ],
  [
    "two documents",
    "name: shop\nprofile: shop\n---\nname: x\n",
    `dbt_project.yml:3:1 error This file holds more than one YAML document. Remove the \`---\` between them.`,
  ],
])("%s is said at its key", async (_, dbtProject, problem) => {
  expect(await problemsOf(dbtProject)).toEqual([problem]);
});

test("line ends, a byte order mark and wide letters do not move a place", async () => {
  const text = "\uFEFFname: shop\r\nprofile: shop\r\nvars: {é: '🧊', 𝒳: 1}\r\nversion: abc\r\n";
  expect(await problemsOf(text)).toEqual([
    `dbt_project.yml:4:10 error "version" must be a version, such as "1.0.0".`,
  ]);
  const wide = "name: shop\nprofile: shop\nmodels: {'🧊': \"{{ env_var('X') }}\"}\n";
  // Columns count UTF-16 units, and the ice is two of them.
  expect(await problemsOf(wide)).toEqual([
    expect.stringMatching(/^dbt_project\.yml:3:16 error The environment variable X/),
  ]);
});

test("hooks, vars and other Jinja than env_var wait for dbt", async () => {
  const text = [
    "name: shop",
    "profile: shop",
    "on-run-start: \"{{ env_var('NOT_SET') }}\"",
    "vars: {a: \"{{ env_var('NOT_SET') }}\"}",
    "models:",
    "  +post-hook: \"{{ env_var('NOT_SET') }}\"",
    "  +enabled: \"{{ env_var('NOT_SET') == 'x' if target.name == 'prod' else true }}\"",
    "seed-paths: \"{{ var('seeds') }}\"",
  ].join("\n");
  expect(await problemsOf(text)).toEqual([]);
});

test.each([
  ["binary", new Uint8Array([0x6e, 0, 1, 2]), "This is not a text file in UTF-8. Save it as UTF-8."],
  ["Latin-1", new Uint8Array([0x6e, 0xe9, 0x0a]), "This is not a text file in UTF-8. Save it as UTF-8."],
  [
    "huge",
    new Uint8Array(1024 * 1024 + 1).fill(0x23),
    "This file is larger than 1 MB, so it is not read: $DIR/dbt_project.yml",
  ],
  [
    "nested without end",
    "[".repeat(20_000),
    "This file is nested too deeply, or repeats itself too often, to be read.",
  ],
])("a %s file is one problem, not a crash", async (_, content, message) => {
  const [first, ...more] = await problemsOf(content);
  expect(first?.replace(/:\d+ error/, ":1 error")).toBe(`dbt_project.yml:1:1 error ${message}`);
  expect(more.length).toBeLessThan(5);
});

test("a folder of that name, a link in a circle and no file at all are said", async () => {
  await using asFolder = await folderWith({ "a/dbt_project.yml/x": "", "profiles.yml": "" });
  expect(shown(await load(asFolder, { project: "a" }), asFolder)).toEqual([
    "a/dbt_project.yml:1:1 error A file is expected here, and this is none: $DIR/a/dbt_project.yml",
  ]);
  expect(shown(await load(asFolder), asFolder)).toEqual([
    "dbt_project.yml:1:1 error There is no dbt_project.yml in $DIR.",
  ]);
});

test("unsaved text counts instead of the file's", async () => {
  await using folder = await folderWith(goodProject);
  const config = await load(folder, {
    text: (filePath) =>
      filePath === folder.at("dbt_project.yml") ? "name: other\nprofile: shop\n" : undefined,
  });
  expect(config.name).toBe("other");
});

test("packages.yml and dependencies.yml: mistakes that keep dbt from reading the project", async () => {
  await using folder = await folderWith({
    ...goodProject,
    "packages.yml": "projects: []\npackages: [\n",
    "dependencies.yml": "packages: {}\n",
  });
  expect(shown(await load(folder), folder)).toEqual([
    expect.stringMatching(/^packages\.yml:\d+:\d+ error /),
    `dependencies.yml:1:1 error "packages" must be a list.`,
  ]);
  await folder.write("packages.yml", "packages: []\nprojects: []\n");
  await folder.write("dependencies.yml", "projects: []\npackages: []\n");
  expect(shown(await load(folder), folder)).toEqual([
    `packages.yml:2:1 error "projects" belongs in dependencies.yml, not in packages.yml.`,
    `dependencies.yml:2:1 error "packages" is in packages.yml as well. dbt allows it in one of the two files only.`,
  ]);
});
