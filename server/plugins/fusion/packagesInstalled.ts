import { readdir, readFile } from "node:fs/promises";
import path from "node:path";
import { parse as parseYaml } from "yaml";
import * as z from "zod";
import type { ProjectConfig } from "../../config/projectConfig.ts";
import { DbtConfigurationError } from "../errors.ts";
import { installPackages } from "../missingPackages.ts";

const packagesSchema = z.looseObject({ packages: z.array(z.unknown()).nullish() });

/**
 * The engine installs what packages.yml names without being asked. Installing is a person's decision, so we look first.
 * @throws DbtConfigurationError where packages are named and none is installed
 */
export async function requirePackages(config: ProjectConfig): Promise<void> {
  for (const name of ["packages.yml", "dependencies.yml"]) {
    const filePath = path.join(config.projectDir, name);
    const text = await readFile(filePath, "utf8").catch(() => null);
    if (text === null || namesOf(text) === 0) continue;
    const installed = await readdir(config.paths.packages).catch((): string[] => []);
    if (installed.length > 0) continue;
    throw new DbtConfigurationError(
      `The packages that ${name} names are not installed in ${config.paths.packages}.`,
      {
        filePath,
        line: 1,
        remedy: installPackages(config.projectDir),
      },
    );
  }
}

function namesOf(text: string): number {
  try {
    return packagesSchema.safeParse(parseYaml(text)).data?.packages?.length ?? 0;
  } catch {
    return 0;
  }
}
