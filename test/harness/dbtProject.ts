import { mkdir, mkdtemp, readdir, realpath, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";

export interface TestProject extends AsyncDisposable {
  /** Absolute, real path. */
  readonly dir: string;
  /** Absolute path of a file of the project. */
  file(relativePath: string): string;
  write(relativePath: string, content: string | Buffer): Promise<string>;
  /**
   * Makes the folder anew, of these files alone, as an editor would see it happen to one that is open.
   * @returns every file that came, went or may have changed, absolute; not what dbt writes
   */
  remake(files: Files): Promise<string[]>;
}

/** By path in the project; dbt_project.yml and profiles.yml are there unless they are brought along, or null for none. */
export type Files = Record<string, string | Buffer | null>;

/**
 * A dbt project in a temporary folder, on DuckDB: dbt_project.yml and profiles.yml are there unless `files` brings its own
 * (or null, for none). Removed at the end of the scope (`await using`).
 * @param folderName name of the project's folder, for spaces and letters beyond ASCII
 */
export async function dbtProject(files: Files = {}, folderName = "shop"): Promise<TestProject> {
  const parent = await realpath(await mkdtemp(path.join(tmpdir(), "floe-dbt-")));
  const dir = path.join(parent, folderName);
  const write = async (relativePath: string, content: string | Buffer): Promise<string> => {
    const target = path.join(dir, relativePath);
    await mkdir(path.dirname(target), { recursive: true });
    await writeFile(target, content);
    return target;
  };
  const writeAll = async (these: Files): Promise<void> => {
    const all: Files = { "dbt_project.yml": dbtProjectYml, "profiles.yml": profilesYml, ...these };
    for (const [name, content] of Object.entries(all)) {
      if (content !== null) await write(name, content);
    }
  };
  await mkdir(dir, { recursive: true });
  await writeAll(files);
  return {
    dir,
    file: (relativePath) => path.join(dir, relativePath),
    write,
    async remake(these) {
      const before = await filesBelow(dir);
      for (const name of await readdir(dir)) {
        await rm(path.join(dir, name), { recursive: true, force: true, maxRetries: 10 });
      }
      await writeAll(these);
      return [...new Set([...before, ...(await filesBelow(dir))])];
    },
    // A worker that has just been ended may still hold a file for a moment on Windows.
    [Symbol.asyncDispose]: () => rm(parent, { recursive: true, force: true, maxRetries: 10 }),
  };
}

/** What an editor watches: not what dbt writes. */
async function filesBelow(dir: string): Promise<string[]> {
  const entries = await readdir(dir, { recursive: true, withFileTypes: true });
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) => path.join(entry.parentPath, entry.name))
    .filter((file) => !/[\\/](target|logs)[\\/]/.test(file.slice(dir.length)));
}

export const dbtProjectYml = `name: shop
version: "1.0"
profile: shop
flags:
  send_anonymous_usage_stats: false
models:
  shop:
    +materialized: table
`;

/** DuckDB in one file beside the project; relative, so dbt must be started in the project's folder or told where it is. */
export const profilesYml = `shop:
  target: dev
  outputs:
    dev:
      type: duckdb
      path: "{{ env_var('SHOP_DUCKDB', 'shop.duckdb') }}"
      threads: 1
    other:
      type: duckdb
      path: other.duckdb
      schema: other
`;

/** Three models a -> b -> c over one seed, two tests and one source; \`sqlfluff lint\` has nothing to say of them. */
export const threeModels: Record<string, string> = {
  "seeds/raw_orders.csv": "id,amount\n1,10\n2,20\n3,30\n",
  "models/schema.yml": `version: 2
sources:
  - name: raw
    schema: main
    tables:
      - name: raw_orders
models:
  - name: a
    columns:
      - name: id
        data_tests:
          - unique
  - name: b
    columns:
      - name: id
        data_tests:
          - not_null
`,
  "models/a.sql": `select
    id,
    amount
from {{ source('raw', 'raw_orders') }}
`,
  "models/b.sql": `select
    id,
    amount
from {{ ref('a') }}
`,
  "models/c.sql": `select sum(amount) as total
from {{ ref('b') }}
`,
};
