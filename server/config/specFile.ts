import path from "node:path";
import type { ConfigProblem } from "./configProblem.ts";
import { problemAt } from "./problemAt.ts";
import { checkValue, isRecord } from "./schemaProblems.ts";
import { platformSchema, transformSchemas } from "./specSchema.ts";
import type { YamlFile } from "./yamlFile.ts";

/** One entry of floe.yaml's `transforms` that is for dbt. */
export type Transform =
  | {
      form: "selection";
      /** Absolute folder of models. */
      path: string;
      /** dbt's selection syntax; a list is joined by spaces, which dbt reads as "any of them". */
      select: string | null;
      exclude: string | null;
      tests: boolean;
    }
  | { form: "model"; name: string; tags: string[]; tier: string | null; dependsOn: string[] };

export interface SpecFile {
  filePath: string;
  /** What floe calls this data product, where the file says it. */
  name: string | null;
  /** Absolute path of the manifest.yaml that `platform.manifest` names. */
  manifestPath: string | null;
  transforms: Transform[];
  problems: ConfigProblem[];
}

/** Other tools may have a floe.yaml: ours has one of these keys. */
export function isFloeSpec(file: YamlFile): boolean {
  if (isRecord(file.value)) {
    const { apiVersion } = file.value;
    if (typeof apiVersion === "string" && apiVersion.startsWith("floe")) return true;
    if ("transforms" in file.value || "platform" in file.value) return true;
  }
  return file.broken && /^(transforms|platform)\s*:/m.test(file.text);
}

export function readSpec(file: YamlFile): SpecFile {
  const value = isRecord(file.value) ? file.value : {};
  const platform = checkValue(platformSchema.nullish(), file, ["platform"], value["platform"]);
  const { name, metadata } = value;
  const named = name ?? (isRecord(metadata) ? metadata["name"] : undefined);
  const spec: SpecFile = {
    filePath: file.filePath,
    name: typeof named === "string" && named.trim() !== "" ? named.trim() : null,
    manifestPath: null,
    transforms: [],
    problems: [...file.problems, ...platform.problems],
  };
  const manifest = platform.value?.manifest;
  if (manifest?.includes("://")) {
    const message = "Only a manifest.yaml in a folder is read here; this address is left to floe.";
    spec.problems.push(problemAt(file, ["platform", "manifest"], "remote-manifest", message, "info"));
  } else if (manifest) {
    spec.manifestPath = path.resolve(path.dirname(file.filePath), manifest);
  }

  const list = value["transforms"] ?? [];
  if (!Array.isArray(list)) {
    spec.problems.push(problemAt(file, ["transforms"], "invalid-value", '"transforms" must be a list.'));
    return spec;
  }
  for (const [index, item] of (list as unknown[]).entries()) addTransform(spec, file, index, item);
  // Much of what looks wrong in a file that does not parse is there only because it does not.
  return file.broken ? { ...spec, problems: file.problems } : spec;
}

function addTransform(spec: SpecFile, file: YamlFile, index: number, item: unknown): void {
  const at = ["transforms", index];
  const type = isRecord(item) ? (item["type"] ?? null) : null;
  if (isRecord(item) && type === "dbt") {
    const checked = checkValue(transformSchemas.selection, file, at, item);
    spec.problems.push(...checked.problems);
    if (!checked.value) return;
    const { path: folder, select, exclude, tests } = checked.value;
    spec.transforms.push({
      form: "selection",
      path: path.resolve(path.dirname(file.filePath), folder),
      select: joined(select),
      exclude: joined(exclude),
      tests: tests ?? true,
    });
  } else if (isRecord(item) && type === null && "name" in item) {
    const checked = checkValue(transformSchemas.model, file, at, item);
    spec.problems.push(...checked.problems);
    if (!checked.value) return;
    const { name, tags, tier, dependsOn } = checked.value;
    spec.transforms.push({
      form: "model",
      name,
      tags: tags ?? [],
      tier: tier ?? null,
      dependsOn: dependsOn ?? [],
    });
  } else if (!isRecord(item) || type === null) {
    spec.problems.push(
      problemAt(
        file,
        at,
        "invalid-value",
        'A transform is either "type: dbt" with a "path", or has the "name" of a model.',
      ),
    );
  } else if (typeof type !== "string") {
    spec.problems.push(
      problemAt(file, [...at, "type"], "invalid-value", '"type" must be a text, such as dbt.'),
    );
  }
}

function joined(selection: string | string[] | null | undefined): string | null {
  const text = Array.isArray(selection) ? selection.join(" ") : (selection ?? "");
  return text.trim() === "" ? null : text;
}
