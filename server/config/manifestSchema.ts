import * as z from "zod";
import { runtimeNames } from "../../protocol/runtime.ts";
import { secretReferenceSchema } from "./secretReference.ts";

/**
 * The part of floe's manifest.yaml that chooses where dbt compiles (ADR-0043, Configuration Schema). Keys of other plugins
 * are theirs. schemas/floe-manifest.schema.json is made from this (scripts/schemas.ts).
 */

const version = z.union([z.string(), z.number()], { error: 'must be a version in quotes, such as "1.10"' });
const anId = "must be a number, or a text of letters and digits";
const id = z.union([z.int(anId).positive(anId), z.string().regex(/^[\w-]+$/, anId)], { error: anId });
const seconds = z.number().positive();

export const localConfigSchema = z
  .looseObject({
    python: z
      .string()
      .nullish()
      .describe(
        "Python that has dbt and SQLFluff. A relative path is relative to this file; `~` is understood.",
      ),
    dbt_version: version
      .nullish()
      .describe("Version of dbt-core that is expected. Another one is a warning."),
    python_version: version
      .nullish()
      .describe("Version of Python that is expected. Another one is a warning."),
  })
  .describe("dbt-core in Python");

export const fusionConfigSchema = z
  .looseObject({
    path: z
      .string()
      .nullish()
      .describe("The dbt v2 binary. A relative path is relative to this file; `~` is understood."),
    version: version.nullish().describe("Version of the binary that is expected. Another one is a warning."),
  })
  .describe("The dbt v2 binary");

export const cloudConfigSchema = z
  .looseObject({
    account_id: id.nullish().describe("Number of the dbt Cloud account"),
    api_token_ref: secretReferenceSchema.nullish(),
    base_url: z
      .string()
      .regex(/^https?:\/\/[^\s/]+\S*$/, "must be an address, such as https://ab123.us1.dbt.com")
      .nullish()
      .describe("Address of dbt Cloud, as the browser shows it, with or without /api/v2"),
    discovery_url: z
      .string()
      .regex(/^https?:\/\/[^\s/]+\S*$/, "must be an address, such as https://ab123.metadata.us1.dbt.com")
      .nullish()
      .describe("Address of the Discovery API, where it is not the one that belongs to base_url"),
    environment_id: id.nullish().describe("Number of the dbt Cloud environment"),
    job_ids: z
      .looseObject({
        compile: id.nullish().describe("Number of the job that compiles"),
        run: id.nullish().describe("Number of the job that runs models"),
        test: id.nullish().describe("Number of the job that runs tests"),
      })
      .nullish()
      .describe("dbt Cloud jobs by what they do"),
    poll_interval_seconds: seconds
      .nullish()
      .describe("Seconds between two looks at a running job. Default: 5"),
    timeout_seconds: seconds.nullish().describe("Seconds a job may take. Default: 3600"),
  })
  .describe("dbt Cloud, through its API");

const pluginTypes = ["core", ...runtimeNames] as const;
const dbtPluginSchema = z
  .discriminatedUnion(
    "type",
    [
      z.looseObject({ type: z.enum(["core", "local"]), config: localConfigSchema.nullish() }),
      z.looseObject({ type: z.literal("fusion"), config: fusionConfigSchema.nullish() }),
      z.looseObject({ type: z.literal("cloud"), config: cloudConfigSchema.nullish() }),
    ],
    {
      error: ({ input }) =>
        typeof input === "object" && input !== null
          ? `must be one of: ${pluginTypes.join(", ")}`
          : 'must be a mapping with a "type"',
    },
  )
  .describe("Where dbt compiles (core is local), with the settings of that environment");

export const manifestSchema = z
  .looseObject({
    plugins: z
      .looseObject({
        dbt_runtime: z
          .enum(runtimeNames)
          .nullish()
          .describe(
            "Where dbt compiles: local (dbt-core in Python), fusion (the dbt v2 binary) or cloud (dbt Cloud)",
          ),
        dbt_runtime_config: z
          .looseObject({
            local: localConfigSchema.nullish(),
            fusion: fusionConfigSchema.nullish(),
            cloud: cloudConfigSchema.nullish(),
          })
          .nullish()
          .describe("Settings of each environment"),
        dbt: dbtPluginSchema.nullish(),
      })
      .nullish()
      .describe("The platform's plugins. Keys of other plugins are theirs."),
  })
  .describe("floe's manifest.yaml: what the platform team chooses");
