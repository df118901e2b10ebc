import * as z from "zod";

const aVersion = 'must be a version, such as "1.0.0"';
const words = z.array(z.string(), { error: 'must be a list, such as ["models"]' }).nullish();
const mapping = z.record(z.string(), z.unknown()).nullish();

/** Names that are functions or variables of dbt's Jinja, and so cannot name a project (dbt: BANNED_PROJECT_NAMES). */
const reservedNames = new Set(
  "_sql_results adapter api column config context database env env_var exceptions execute flags fromjson fromyaml graph invocation_id load_agate_table load_result log model modules post_hooks pre_hooks ref render return run_started_at schema source sql sql_now store_result store_raw_result target this tojson toyaml try_or_compiler_error var write".split(
    " ",
  ),
);

/** The keys of dbt_project.yml that we read. All are optional: `name` is asked for where the file is read. */
export const projectSchema = z.looseObject({
  name: z
    .string()
    .regex(/^[\p{L}_][\p{L}\p{N}_]*$/u, "must be letters, digits and underscores, and not start with a digit")
    .refine((name) => !reservedNames.has(name), "must be another name: dbt uses this one itself")
    .nullish(),
  profile: z.string().nullish(),
  version: z
    .union([z.number(), z.string().regex(/^\d+\.\d+(\.\d+([-+].+)?)?$/, aVersion)], { error: aVersion })
    .nullish(),
  "config-version": z.int().nullish(),
  "require-dbt-version": z
    .union([z.string(), z.array(z.string())], {
      error: 'must be a version range, such as ">=1.8.0", or a list of them',
    })
    .nullish(),
  "model-paths": words,
  "source-paths": words,
  "seed-paths": words,
  "data-paths": words,
  "snapshot-paths": words,
  "analysis-paths": words,
  "test-paths": words,
  "macro-paths": words,
  "function-paths": words,
  "docs-paths": words,
  "asset-paths": words,
  "clean-targets": words,
  "target-path": z.string().nullish(),
  "log-path": z.string().nullish(),
  "packages-install-path": z.string().nullish(),
  vars: mapping,
  models: mapping,
  seeds: mapping,
  snapshots: mapping,
  sources: mapping,
  tests: mapping,
  data_tests: mapping,
});

/** What else dbt reads at the top of dbt_project.yml and we do not. */
const otherKeys = [
  ..."analyses anchors data_tests dbt-cloud dispatch exposures flags functions metrics on-run-end on-run-start packages".split(
    " ",
  ),
  ..."project-root query-comment quoting restrict-access saved-queries selectors semantic-models unit_tests".split(
    " ",
  ),
];
export const knownProjectKeys = [...Object.keys(projectSchema.shape), ...otherKeys];

export type ProjectKeys = z.output<typeof projectSchema>;
