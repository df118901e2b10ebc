import * as z from "zod";
import { type RunRequest, runVerbs } from "../../protocol/run.ts";
import { DbtConfigurationError } from "../plugins/errors.ts";

const line = (max: number) =>
  z
    .string()
    .max(max)
    .refine((text) => !text.includes("\u0000"));
const schema = z.object({
  projectDir: z.string(),
  verb: z.enum(runVerbs),
  select: line(100_000).optional(),
  exclude: line(100_000).optional(),
  fullRefresh: z.boolean().optional(),
  vars: line(100_000).optional(),
  flags: z.array(line(10_000)).max(200).optional(),
  title: line(1000).optional(),
});

/** Any client may send anything. @throws DbtConfigurationError that names what is wrong */
export function readRunRequest(value: unknown): RunRequest {
  const { data, error } = schema.safeParse(value);
  if (data) return withoutAbsent(data) as unknown as RunRequest;
  const [issue] = error.issues;
  throw new DbtConfigurationError(`This is no run: ${issue?.path.join(".") ?? ""}: ${issue?.message ?? ""}.`);
}

function withoutAbsent(data: object): object {
  return Object.fromEntries(Object.entries(data).filter(([, value]) => value !== undefined));
}
