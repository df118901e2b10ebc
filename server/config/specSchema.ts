import * as z from "zod";

/**
 * The part of floe.yaml that dbt needs. Keys of other plugins are theirs. schemas/floe.schema.json is made from this
 * (scripts/schemas.ts).
 */

const selection = z.union([z.string(), z.array(z.string())], {
  error: 'must be a text such as "tag:daily", or a list of them',
});

/** ADR-0043's form: a selection of models. */
const selectionTransformSchema = z
  .looseObject({
    type: z.literal("dbt"),
    path: z.string().describe("Folder of models, relative to this file"),
    select: selection.nullish().describe('Models to take, in dbt\'s selection syntax, such as "tag:daily"'),
    exclude: selection.nullish().describe("Models to leave out, in dbt's selection syntax"),
    tests: z.boolean().nullish().describe("Whether the tests of these models run. Default: true"),
  })
  .describe("A selection of dbt models");

/** floe's own form: one entry a model. */
const modelTransformSchema = z
  .looseObject({
    name: z.string().describe("Name of the model"),
    tags: z.array(z.string()).nullish().describe("Tags of the model"),
    tier: z.string().nullish().describe("Tier of the model, such as bronze, silver or gold"),
    dependsOn: z.array(z.string()).nullish().describe("Names of the models it reads"),
  })
  .describe("One dbt model");

export const transformSchemas = { selection: selectionTransformSchema, model: modelTransformSchema };

const otherTransformSchema = z
  .looseObject({ type: z.string().regex(/^(?!dbt$)/) })
  .describe("A transform of another plugin");

export const platformSchema = z
  .looseObject({
    manifest: z.string().nullish().describe("The platform's manifest.yaml, relative to this file"),
  })
  .describe("The platform this project runs on");

export const specSchema = z
  .looseObject({
    platform: platformSchema.nullish(),
    transforms: z
      .array(
        z.union([
          selectionTransformSchema,
          modelTransformSchema.extend({ type: z.null().optional() }),
          otherTransformSchema,
        ]),
      )
      .nullish()
      .describe("What dbt runs"),
  })
  .describe("floe.yaml: what the data team runs");
