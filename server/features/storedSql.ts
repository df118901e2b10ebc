import { readFile, stat } from "node:fs/promises";
import path from "node:path";
import { failingRowsRequest, storedSqlRequest } from "../../protocol/requests.ts";
import type { PreviewRows, RunNode } from "../../protocol/run.ts";
import { isInside } from "../platform/paths.ts";
import { pathOfUri } from "../platform/uri.ts";
import type { Project } from "../projects/project.ts";
import { sqlFileOf } from "../runs/nodeFiles.ts";
import { can, refused } from "./compileText.ts";
import type { Feature, ServerContext } from "./feature.ts";
import { signalOf } from "./guard.ts";
import { manifestPatience } from "./manifestState.ts";
import { projectsOf } from "./projectCommands.ts";

/** dbt/getStoredSql and dbt/failingRows: what the last compile or run left of a node, and the rows a test found with it. */
export const storedSql: Feature = {
  register(context) {
    const { answer } = context;
    answer(storedSqlRequest, "Reading compiled SQL", async ({ uri, projectDir, uniqueId, of }) => {
      const filePath =
        uri === undefined
          ? await fileOfNode(context, projectDir, uniqueId, of)
          : await fileOfDocument(context, pathOfUri(uri), of);
      return readSql(filePath);
    });
    answer(failingRowsRequest, "Reading failing rows", (params, token) =>
      failingRows(context, params, signalOf(token)),
    );
  },
};

async function fileOfNode(
  context: ServerContext,
  projectDir: string | undefined,
  uniqueId: string | undefined,
  of: "compiled" | "run",
): Promise<string | null> {
  const [project] = projectDir === undefined ? [] : await projectsOf(context, { projectDir });
  if (!project || uniqueId === undefined) return null;
  const node = await knownNode(context, project, uniqueId);
  if (!node) return null;
  const stored = sqlFileOf(node, of, project.config);
  return stored ?? (of === "compiled" ? node.compiledPath : null);
}

/** A node as the last run here knows it, else as the manifest does. */
async function knownNode(
  { runs, manifests }: ServerContext,
  project: Project,
  uniqueId: string,
): Promise<Pick<RunNode, "uniqueId" | "name" | "filePath" | "compiledPath"> | null> {
  const ran = runs.lastOf(project.dir, uniqueId);
  if (ran?.filePath) return ran;
  const index = await manifests.at(project.dir)?.ready(manifestPatience);
  const facts = index?.node(uniqueId);
  if (!index || !facts) return ran;
  return {
    uniqueId,
    name: facts.name,
    filePath: index.filePathOf(facts),
    compiledPath: ran?.compiledPath ?? null,
  };
}

async function fileOfDocument(
  context: ServerContext,
  filePath: string | null,
  of: "compiled" | "run",
): Promise<string | null> {
  const project = filePath === null ? null : await context.projects.of(filePath);
  if (!project || filePath === null) return null;
  return sqlFileOf(
    {
      uniqueId: `model.${packageOfFile(project, filePath)}`,
      name: path.parse(filePath).name,
      filePath,
    },
    of,
    project.config,
  );
}

/** A package is installed in a folder of its name. */
function packageOfFile({ config }: Project, filePath: string): string {
  const { packages } = config.paths;
  if (!isInside(filePath, packages)) return config.name;
  return path.relative(packages, filePath).split(path.sep)[0] ?? config.name;
}

async function readSql(
  filePath: string | null,
): Promise<{ sql: string | null; filePath: string | null; modifiedAt: number | null }> {
  if (filePath === null) return { sql: null, filePath: null, modifiedAt: null };
  try {
    const [sql, { mtimeMs }] = await Promise.all([readFile(filePath, "utf8"), stat(filePath)]);
    return { sql, filePath, modifiedAt: mtimeMs };
  } catch {
    // dbt may be writing it anew, or `dbt clean` took it away.
    return { sql: null, filePath: null, modifiedAt: null };
  }
}

async function failingRows(
  context: ServerContext,
  { projectDir, uniqueId, limit }: { projectDir: string; uniqueId: string; limit: number },
  signal: AbortSignal,
): Promise<PreviewRows> {
  const [project] = await projectsOf(context, { projectDir });
  const plugin = project?.plugin();
  if (!project || !plugin || !can(plugin, "preview")) {
    throw refused(`The ${plugin?.runtime ?? ""} environment cannot run a query.`);
  }
  const { sql, filePath } = await readSql(await fileOfNode(context, projectDir, uniqueId, "compiled"));
  if (sql === null || filePath === null) {
    throw refused("The SQL of this test is not there any more. Run the test again.");
  }
  const node = await knownNode(context, project, uniqueId);
  const found = await plugin.preview(
    project.ref,
    { path: node?.filePath ?? filePath, text: asText(sql), fragment: true, limit },
    { signal },
  );
  return { ...found, sql, limit, limited: found.rows.length >= limit, target: project.status.target };
}

/** Compiled SQL is rendered again on its way; what looks like Jinja in it is only text. */
function asText(sql: string): string {
  return /\{[{%#]/.test(sql) ? `{% raw %}${sql}{% endraw %}` : sql;
}
