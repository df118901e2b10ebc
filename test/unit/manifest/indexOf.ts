import { ManifestIndex } from "../../../server/manifest/manifestIndex.ts";
import { nodeFacts } from "../../../server/manifest/nodeFacts.ts";

/** The index of a project "shop" in /work/shop, of entries as manifest.json has them. */
export function indexOf(sections: Record<string, Record<string, unknown>[]>): ManifestIndex {
  const index = new ManifestIndex({
    projectDir: "/work/shop",
    projectName: "shop",
    packagesDir: "/work/shop/dbt_packages",
  });
  for (const [section, entries] of Object.entries(sections)) {
    for (const entry of entries) {
      const facts = nodeFacts(section, String(entry["unique_id"]), entry);
      if (facts) index.add(facts);
    }
  }
  return index;
}
