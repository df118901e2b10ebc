import { expect, test } from "vitest";
import { folderWith, goodProject, load, shown, type Loading } from "./projectOnDisk.ts";

const password = "Very$ecret-2024";
const twoTargets = [
  "config: {send_anonymous_usage_stats: false}",
  "shop:",
  "  target: dev",
  "  outputs:",
  "    dev: {type: postgres, password: \"{{ env_var('DEV_PASSWORD', 'x') }}\"}",
  "    prod:",
  "      type: snowflake",
  "      password: \"{{ env_var('PROD_PASSWORD') }}\"",
  "other: {outputs: {default: {type: duckdb}}}",
].join("\n");

async function profileOf(
  profiles: string | null,
  loading: Loading = {},
  project = goodProject["dbt_project.yml"],
) {
  await using folder = await folderWith({
    "dbt_project.yml": project,
    ...(profiles === null ? {} : { "profiles.yml": profiles }),
  });
  const config = await load(folder, loading);
  return { profile: config.profile, problems: shown(config, folder) };
}

test("the profile's own target, its adapter and where the adapter is named", async () => {
  const { profile, problems } = await profileOf(twoTargets);
  expect(problems).toEqual([]);
  expect(profile).toMatchObject({
    name: "shop",
    targets: ["dev", "prod"],
    target: "dev",
    adapterType: "postgres",
  });
  expect(profile.adapterTypeRange).toEqual({
    start: { line: 4, character: 16 },
    end: { line: 4, character: 24 },
  });
});

test("setting before DBT_ENGINE_TARGET before DBT_TARGET before the profile's own", async () => {
  const env = { DBT_TARGET: "prod", PROD_PASSWORD: "x" };
  expect((await profileOf(twoTargets, { env })).profile).toMatchObject({
    target: "prod",
    adapterType: "snowflake",
  });
  expect((await profileOf(twoTargets, { env: { ...env, DBT_ENGINE_TARGET: "dev" } })).profile.target).toBe(
    "dev",
  );
  expect((await profileOf(twoTargets, { env, settings: { target: "dev" } })).profile.target).toBe("dev");
  expect((await profileOf(twoTargets, { env: { DBT_TARGET: "" } })).profile.target).toBe("dev");
});

test("a variable is missed only by the target in use", async () => {
  expect((await profileOf(twoTargets, { settings: { target: "prod" } })).problems).toEqual([
    "profiles.yml:8:17 error The environment variable PROD_PASSWORD is not set. Set it (a .env file in the workspace will do), or give a default: env_var('PROD_PASSWORD', '...').",
  ]);
});

test("a target in Jinja that only dbt can evaluate is left to dbt", async () => {
  const profiles =
    "shop:\n  target: \"{{ var('t') }}\"\n  outputs:\n    a: {type: duckdb}\n    b: {type: duckdb}\n";
  const { profile, problems } = await profileOf(profiles);
  expect(problems).toEqual([]);
  expect(profile).toMatchObject({ target: null, adapterType: "duckdb" });
});

test("merge keys and anchors are followed", async () => {
  const profiles =
    "shop:\n  outputs:\n    base: &base {type: duckdb, password: \"{{ env_var('P') }}\"}\n    default:\n      <<: *base\n      path: x\n";
  const { profile, problems } = await profileOf(profiles);
  expect(profile).toMatchObject({ target: "default", adapterType: "duckdb" });
  expect(problems).toEqual([expect.stringMatching(/^profiles\.yml:3:42 error The environment variable P /)]);
});

test.each([
  [
    "unknown profile",
    twoTargets,
    "name: shop\nprofile: shpo\n",
    `dbt_project.yml:2:10 error There is no profile "shpo" in $DIR/profiles.yml. It has: shop, other.`,
  ],
  [
    "unknown target",
    twoTargets.replace("target: dev", "target: dve"),
    undefined,
    `profiles.yml:3:11 error Profile "shop" in $DIR/profiles.yml has no target "dve" ("target" of the profile). It has: dev, prod.`,
  ],
  [
    "no target and no default",
    "shop:\n  outputs:\n    dev: {type: duckdb}\n",
    undefined,
    `profiles.yml:1:1 error Profile "shop" in $DIR/profiles.yml has no target "default" (dbt's default where "target" is not set). It has: dev.`,
  ],
  [
    "no type",
    `shop:\n  outputs:\n    default:\n      password: ${password}\n`,
    undefined,
    `profiles.yml:3:5 error Target "default" of profile "shop" needs a "type": the adapter, such as postgres or duckdb.`,
  ],
  [
    "no outputs",
    "shop:\n  target: dev\n",
    undefined,
    `profiles.yml:1:1 error Profile "shop" has no targets. They stand under "outputs", each with a "type".`,
  ],
  [
    "outputs that are a list",
    "shop:\n  target: dev\n  outputs: [dev]\n",
    undefined,
    `profiles.yml:3:3 error Profile "shop" has no targets. They stand under "outputs", each with a "type".`,
  ],
  [
    "a target that is a text",
    "shop:\n  outputs:\n    default: duckdb\n",
    undefined,
    `profiles.yml:3:5 error Target "default" must be a mapping with a "type" and how to connect.`,
  ],
  [
    "empty profiles.yml",
    "",
    undefined,
    `profiles.yml:1:1 error profiles.yml is empty or not a mapping. It needs a profile, with "target" and "outputs".`,
  ],
  [
    "no profiles.yml",
    null,
    undefined,
    `dbt_project.yml:3:10 error There is no profiles.yml for profile "shop". Looked in: $DIR (the project), $DIR/home/.dbt (dbt's default).`,
  ],
])("%s is said at its key", async (_, profiles, project, problem) => {
  expect((await profileOf(profiles, {}, project)).problems).toEqual([problem]);
});

test("a target or profile named outside the files says who named it", async () => {
  expect((await profileOf(twoTargets, { settings: { target: "qa" } })).problems).toEqual([
    `dbt_project.yml:3:10 error Profile "shop" in $DIR/profiles.yml has no target "qa" (setting floeDbt.target). It has: dev, prod.`,
  ]);
  expect((await profileOf(twoTargets, { env: { DBT_PROFILE: "nope" } })).problems).toEqual([
    `dbt_project.yml:3:10 error There is no profile "nope" (named by DBT_PROFILE) in $DIR/profiles.yml. It has: shop, other.`,
  ]);
  const chosen = await profileOf(twoTargets, { env: { DBT_PROFILE: "other" } }, "name: shop\n");
  expect(chosen).toMatchObject({ problems: [], profile: { name: "other", adapterType: "duckdb" } });
});

test("profiles.yml is looked for where dbt looks", async () => {
  const at = (type: string) => `shop: {outputs: {default: {type: ${type}}}}\n`;
  await using folder = await folderWith({
    "shop/dbt_project.yml": goodProject["dbt_project.yml"],
    "shop/profiles.yml": at("in_project"),
    "home/.dbt/profiles.yml": at("in_home"),
    "shop/by_variable/profiles.yml": at("by_variable"),
    "by_engine_variable/profiles.yml": at("by_engine_variable"),
    "by_setting/profiles.yml": at("by_setting"),
    "bare/dbt_project.yml": goodProject["dbt_project.yml"],
  });
  const adapter = async (loading: Loading) =>
    (await load(folder, { project: "shop", ...loading })).profile.adapterType;
  expect(await adapter({})).toBe("in_project");
  expect(await adapter({ project: "bare" })).toBe("in_home");
  const env: NodeJS.ProcessEnv = { DBT_PROFILES_DIR: "by_variable" };
  expect(await adapter({ env })).toBe("by_variable");
  env["DBT_ENGINE_PROFILES_DIR"] = folder.at("by_engine_variable");
  expect(await adapter({ env })).toBe("by_engine_variable");
  for (const profilesDir of ["by_setting", "${workspaceFolder}/by_setting", "~/../by_setting"]) {
    expect(await adapter({ env, settings: { profilesDir } })).toBe("by_setting");
  }
  // A folder that was named is the only one that counts.
  const config = await load(folder, { project: "shop", settings: { profilesDir: "nowhere" } });
  expect(config.profile).toMatchObject({ filePath: null, dir: null, adapterType: null });
  expect(shown(config, folder)).toEqual([
    `shop/dbt_project.yml:3:10 error There is no profiles.yml for profile "shop". Looked in: $DIR/nowhere (setting floeDbt.profilesDir).`,
  ]);
});

test.each([
  [
    "a stray word",
    `shop:\n  outputs:\n    default:\n      password: "${password}" oops\n      type: duckdb\n`,
  ],
  ["an open quote", `shop:\n  outputs:\n    default:\n      type: duckdb\n      password: "${password}\n`],
  [
    "a wrong escape",
    `shop:\n  outputs:\n    default:\n      type: duckdb\n      password: "\\q${password}"\n`,
  ],
  [
    "an unknown alias",
    `shop:\n  outputs:\n    default:\n      type: duckdb\n      password: *${password.slice(0, 4)}\n`,
  ],
  ["a bad start", `shop:\n  outputs:\n    default:\n      type: duckdb\n      password: @${password}\n`],
  ["a colon", `shop:\n  outputs:\n    default:\n      type: duckdb\n      password: a: ${password}\n`],
  ["a brace", `shop: {outputs: {default: {type: duckdb, password: ${password}}}\n`],
  ["a value for a mapping", `shop:\n  outputs:\n    default: ${password}\n`],
  ["a text for outputs", `shop:\n  outputs: ${password}\n`],
])("no message holds a password: %s", async (_, profiles) => {
  const { problems } = await profileOf(profiles);
  expect(problems.length).toBeGreaterThan(0);
  expect(problems.join("\n")).not.toContain(password.slice(0, 4));
  expect(problems.every((problem) => problem.startsWith("profiles.yml:"))).toBe(true);
});
