import { readFile } from "node:fs/promises";
import { parse } from "dotenv";
import type { Log, RedactingLog } from "../../platform/log.ts";

/**
 * The environment dbt gets: the real one, and under it the variables of a `.env` file. As everywhere with such files, a
 * variable that is set already keeps its value. Loaded for dbt alone: this process's environment is never touched.
 *
 * Values whose names sound like secrets are hidden from the log. A file that is not there is no mistake.
 */
export async function dbtEnvironment(
  envFile: string | undefined,
  env: NodeJS.ProcessEnv,
  log: Log & Pick<RedactingLog, "hideSecretsOf">,
): Promise<NodeJS.ProcessEnv> {
  log.hideSecretsOf(env);
  if (envFile === undefined || envFile === "") return env;
  let text: string;
  try {
    text = await readFile(envFile, "utf8");
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? "";
    if (code !== "ENOENT") log.warn(`${envFile} cannot be read (${code}); dbt runs without it.`);
    return env;
  }
  const variables = parse(text.replace(/^\uFEFF/, ""));
  log.hideSecretsOf(variables);
  return { ...variables, ...env };
}
