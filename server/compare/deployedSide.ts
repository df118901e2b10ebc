import type { DbtPlugin, ProjectRef } from "../plugins/dbtPlugin.ts";
import { DbtConfigurationError } from "../plugins/errors.ts";
import type { Side, SideNode } from "./compareSides.ts";
import { titles } from "./compileSide.ts";
import { sideNodes } from "./sideNodes.ts";

/**
 * A project as it is deployed, from the newest artifacts there: nothing is compiled or started.
 * @throws DbtError where there are none
 */
export async function deployedSide(
  plugin: DbtPlugin,
  project: ProjectRef,
  signal: AbortSignal,
): Promise<Side> {
  if (!plugin.deployed) {
    throw new DbtConfigurationError(`The ${plugin.runtime} environment deploys nothing.`);
  }
  const startedAt = performance.now();
  const state = await plugin.deployed(project, { signal });
  const manifest = await sideNodes(state.manifestPath, project.projectDir, true);
  if (!manifest) {
    throw new DbtConfigurationError(`${state.manifestPath} is no manifest that can be read, or too large.`, {
      filePath: state.manifestPath,
    });
  }
  const { nodes, dbtVersion } = manifest;
  return {
    runtime: plugin.runtime,
    title: `${[titles[plugin.runtime], dbtVersion].filter(Boolean).join(" ")}, ${state.label}`,
    dbtVersion,
    seconds: (performance.now() - startedAt) / 1000,
    nodes,
    diagnostics: [],
    failure: null,
    deployed: state,
  };
}

/**
 * The same side with its relations named as on the other: production has a schema of its own, and that alone is no difference.
 * What a model says itself of its name (alias, schema, database) is one, so such a relation keeps its name.
 */
export function withRelationsOf(side: Side, other: Side): Side {
  const nodes = new Map<string, SideNode>();
  for (const [id, node] of side.nodes) {
    const names = new Map<string, string>();
    for (const each of relationsIn(node, side)) {
      const there = other.nodes.get(each.uniqueId);
      if (each.relation === null || there?.relation == null || each.naming !== there.naming) continue;
      names.set(each.relation, there.relation);
    }
    nodes.set(id, node.sql === null ? node : { ...node, sql: renamed(node.sql, names) });
  }
  return { ...side, nodes };
}

/** The node and those whose relations its SQL can name: an ephemeral one stands for those that it reads. */
function relationsIn(node: SideNode, { nodes }: Side): SideNode[] {
  const found = new Map<string, SideNode>([[node.uniqueId, node]]);
  const add = (ids: readonly string[]): void => {
    for (const id of ids) {
      const each = nodes.get(id);
      if (!each || found.has(id)) continue;
      found.set(id, each);
      if (each.relation === null) add(each.dependsOn);
    }
  };
  add(node.dependsOn);
  return [...found.values()];
}

function renamed(sql: string, names: ReadonlyMap<string, string>): string {
  if (names.size === 0) return sql;
  // The longest first: one name may begin another.
  const known = [...names.keys()].toSorted((a, b) => b.length - a.length).map((name) => escaped(name));
  return sql.replace(
    new RegExp(`(?<![\\w$.])(?:${known.join("|")})(?![\\w$])`, "g"),
    (name) => names.get(name) ?? name,
  );
}

const escaped = (text: string): string => text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");

/** The same side, with those nodes alone that one of these files has a say in. */
export function limitedTo(side: Side, files: ReadonlySet<string>): Side {
  const nodes = [...side.nodes].filter(([, node]) => node.files.some((file) => files.has(file)));
  return { ...side, nodes: new Map(nodes) };
}
