import path from "node:path";
import type { DataProduct } from "../../protocol/manifest.ts";
import type { ProjectConfig } from "../config/projectConfig.ts";
import { isInside } from "../platform/paths.ts";

/** The data products of floe.yaml that this project holds: each transform of dbt's, and all that name a model as one. */
export function dataProducts({ floe, transforms, projectDir }: ProjectConfig): DataProduct[] {
  if (!floe) return [];
  const name = floe.name ?? path.basename(path.dirname(floe.filePath));
  const products = transforms.flatMap((transform): DataProduct[] => {
    if (transform.form !== "selection") return [];
    const folder = folderIn(projectDir, transform.path);
    if (folder === null) return [];
    const select = within(folder, transform.select);
    return [{ name, filePath: floe.filePath, select, exclude: transform.exclude, tests: transform.tests }];
  });
  const models = transforms.flatMap((transform) => (transform.form === "model" ? [transform.name] : []));
  if (models.length > 0) {
    products.push({ name, filePath: floe.filePath, select: models.join(" "), exclude: null, tests: true });
  }
  if (products.length < 2) return products;
  return products.map((product) => ({ ...product, name: `${name}: ${product.select}` }));
}

/** "models/marts", "" for all of the project, or null for what is another project's. */
function folderIn(projectDir: string, folder: string): string | null {
  if (isInside(projectDir, folder)) return "";
  if (!isInside(folder, projectDir)) return null;
  return path.relative(projectDir, folder).split(path.sep).join("/");
}

/** A selection, of which only what is in the folder counts: each part of the union intersects with it. */
function within(folder: string, select: string | null): string {
  const parts = select?.split(/\s+/).filter((part) => part !== "") ?? [];
  if (folder === "") return parts.length > 0 ? parts.join(" ") : "*";
  if (parts.length === 0) return `path:${folder}`;
  return parts.map((part) => `${part},path:${folder}`).join(" ");
}
