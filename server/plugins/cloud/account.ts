import * as z from "zod";
import type { CloudCall, CloudClient } from "./cloudClient.ts";
import { cloudIdSchema } from "./runs.ts";

/** `/accounts/{id}/` of the Admin API. */

const accountSchema = z.object({
  id: cloudIdSchema,
  name: z.string().nullish(),
  plan: z.string().nullish(),
});
export type CloudAccount = z.output<typeof accountSchema>;

export async function getAccount(client: CloudClient, call: CloudCall): Promise<CloudAccount> {
  return (await client.get(accountSchema, "v2:", {}, call)).data;
}
