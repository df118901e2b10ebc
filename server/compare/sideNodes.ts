import { readFile } from "node:fs/promises";
import path from "node:path";
import * as z from "zod";
import { parseJson } from "../../protocol/json.ts";
import type { SideNode } from "./compareSides.ts";

const macrosSchema = z.looseObject({ macros: z.array(z.string()).nullish() }).nullish();
const manifestSchema = z.looseObject({
  metadata: z
    .looseObject({ dbt_version: z.string().nullish(), project_name: z.string().nullish() })
    .nullish(),
  nodes: z.record(
    z.string(),
    z.looseObject({
      name: z.string(),
      resource_type: z.string(),
      package_name: z.string().nullish(),
      original_file_path: z.string().nullish(),
      patch_path: z.string().nullish(),
      compiled_code: z.string().nullish(),
      alias: z.string().nullish(),
      relation_name: z.string().nullish(),
      config: z
        .looseObject({
          schema: z.unknown().optional(),
          database: z.unknown().optional(),
          materialized: z.unknown().optional(),
        })
        .nullish(),
      depends_on: z
        .looseObject({ nodes: z.array(z.string()).nullish(), macros: z.array(z.string()).nullish() })
        .nullish(),
    }),
  ),
  macros: z
    .record(
      z.string(),
      z.looseObject({
        package_name: z.string().nullish(),
        original_file_path: z.string().nullish(),
        depends_on: macrosSchema,
      }),
    )
    .nullish(),
});
type Manifest = z.output<typeof manifestSchema>;

/**
 * The nodes of a manifest.json.
 * @param compiled false where its compiled SQL is of an earlier compile
 * @returns null where there is no such file, or none that can be read
 */
export async function sideNodes(
  file: string,
  projectDir: string,
  compiled: boolean,
): Promise<{ nodes: Map<string, SideNode>; dbtVersion: string | null } | null> {
  const text = await readFile(file, "utf8").catch(() => null);
  const manifest = text === null ? undefined : manifestSchema.safeParse(parseJson(text)).data;
  if (!manifest) return null;
  // A package's paths are relative to the package, where nobody looks.
  const project = manifest.metadata?.project_name ?? null;
  const isOurs = (item: { package_name?: string | null | undefined }): boolean =>
    project === null || item.package_name == null || item.package_name === project;
  const macroFiles = macroFilesOf(manifest, isOurs);
  const absolute = (relative: string | null | undefined): string | null =>
    relative && !path.isAbsolute(relative) && !relative.startsWith("..")
      ? path.resolve(projectDir, relative)
      : null;
  const sideNode = ([uniqueId, node]: [string, Manifest["nodes"][string]]): [string, SideNode] => {
    const filePath = isOurs(node) ? absolute(node.original_file_path) : null;
    const described = /^[^:]*:\/\/(.+)$/.exec(node.patch_path ?? "")?.[1];
    const files = [
      filePath,
      isOurs(node) ? absolute(described) : null,
      ...(node.depends_on?.macros ?? []).flatMap(macroFiles).map(absolute),
    ];
    return [
      uniqueId,
      {
        uniqueId,
        name: node.name,
        resourceType: node.resource_type,
        filePath,
        dependsOn: node.depends_on?.nodes ?? [],
        sql: compiled ? (node.compiled_code ?? null) : null,
        relation: node.relation_name ?? null,
        naming: JSON.stringify([node.alias, node.config?.schema, node.config?.database]),
        isIncremental: node.config?.materialized === "incremental",
        files: [...new Set(files.filter((each) => each !== null))],
      },
    ];
  };
  return {
    nodes: new Map(Object.entries(manifest.nodes).map(sideNode)),
    dbtVersion: manifest.metadata?.dbt_version ?? null,
  };
}

/** Files of a macro and of all that it calls. */
function macroFilesOf(
  { macros }: Manifest,
  isOurs: (item: { package_name?: string | null | undefined }) => boolean,
): (id: string) => string[] {
  const known = new Map<string, string[]>();
  const filesOf = (id: string): string[] => {
    const before = known.get(id);
    if (before) return before;
    // Macros may call each other in a circle.
    known.set(id, []);
    const macro = macros?.[id];
    const own = macro?.original_file_path && isOurs(macro) ? [macro.original_file_path] : [];
    const files = [...new Set([...own, ...(macro?.depends_on?.macros ?? []).flatMap(filesOf)])];
    known.set(id, files);
    return files;
  };
  return filesOf;
}
