import path from "node:path";
import type { ConfigProblem } from "./configProblem.ts";
import type { ConfigReader } from "./configReader.ts";
import { isFloeManifest } from "./manifestFile.ts";
import { foldersUpTo } from "../platform/paths.ts";
import { problemAt } from "./problemAt.ts";
import { isFloeSpec, readSpec, type SpecFile } from "./specFile.ts";
import type { YamlFile } from "./yamlFile.ts";

export interface FloeFiles {
  spec: SpecFile | undefined;
  manifest: YamlFile | undefined;
  /** Mistakes in floe.yaml; those in the manifest come from whoever reads it. */
  problems: ConfigProblem[];
}

/**
 * The nearest floe.yaml and manifest.yaml, from the project's folder up to the workspace's. A manifest that floe.yaml names
 * counts before one that is found. Files of that name that are another tool's are passed by.
 */
export async function findFloeFiles(
  reader: ConfigReader,
  projectDir: string,
  workspaceDir: string,
): Promise<FloeFiles> {
  const folders = foldersUpTo(projectDir, workspaceDir);
  const specFile = await nearest(reader, folders, "floe.yaml", isFloeSpec);
  const spec = specFile && readSpec(specFile);
  const problems = spec ? [...spec.problems] : [];
  if (specFile && spec?.manifestPath) {
    const named = await reader.read(spec.manifestPath);
    if (named) return { spec, manifest: named, problems };
    problems.push(
      problemAt(
        specFile,
        ["platform", "manifest"],
        "no-manifest-file",
        `There is no file ${spec.manifestPath}.`,
      ),
    );
  }
  return { spec, manifest: await nearest(reader, folders, "manifest.yaml", isFloeManifest), problems };
}

async function nearest(
  reader: ConfigReader,
  folders: readonly string[],
  name: string,
  isOurs: (file: YamlFile) => boolean,
): Promise<YamlFile | undefined> {
  for (const folder of folders) {
    const file = await reader.read(path.join(folder, name));
    if (file && isOurs(file)) return file;
  }
  return undefined;
}
