import * as z from "zod";

/** The name of a secret, never the secret: where its value is kept is the platform's affair. */
export interface SecretReference {
  source: string | null;
  name: string;
  key: string | null;
}

/**
 * A dbt token starts with "dbtc_", "dbtu_" or the like; older ones are 40 hexadecimal digits. Long runs of mixed letters and
 * digits without a separator are no name that somebody gave. As one pattern, so that the JSON schema has it too.
 */
const notAToken =
  /^(?!dbt[a-z]_)(?![0-9A-Fa-f]{32,}$)(?!(?=[^0-9]*[0-9])(?=[^a-z]*[a-z])(?=[^A-Z]*[A-Z])[A-Za-z0-9+/=]{32,}$)\S+$/;

const secretName = z
  .string({ error: "must be the name of a secret" })
  .regex(notAToken, "must not be the token itself: put the name of a secret here");

export const secretReferenceSchema = z
  .union([
    secretName,
    z.looseObject({
      source: z.string().nullish().describe("Where the secret is kept, such as env, kubernetes or vault"),
      name: secretName.describe("Name of the secret"),
      key: z.string().nullish().describe("Key within the secret, where it holds more than one value"),
    }),
  ])
  .describe("Name of the secret that holds the token, or { source, name, key }. Never the token itself.");

export function secretReference(value: z.output<typeof secretReferenceSchema>): SecretReference {
  if (typeof value === "string") return { source: null, name: value, key: null };
  return { source: value.source ?? null, name: value.name, key: value.key ?? null };
}
