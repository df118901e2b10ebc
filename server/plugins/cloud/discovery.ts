import * as z from "zod";
import { HttpFailure } from "../../platform/http.ts";
import type { NodeState } from "../dbtPlugin.ts";
import { DbtAuthenticationError, DbtConfigurationError, DbtError, DbtUnavailableError } from "../errors.ts";
import type { CloudCall, CloudClient } from "./cloudClient.ts";
import { CloudNotFoundError } from "./cloudErrors.ts";
import { counted } from "../../../protocol/counted.ts";

/** The Discovery API: how the nodes of an environment did last, whichever job ran them. */

/** Nodes a page; the most it gives. */
export const statePageSize = 500;
/** Pages that are asked for: more nodes than a project has. */
const mostPages = 200;

const types = ["Model", "Seed", "Snapshot", "Source", "Test"] as const;

const execution = "lastRunStatus lastRunError executionTime executeCompletedAt lastRunGeneratedAt";
/** Every type's facts under a name of its own: they are of different types there. */
const statesQuery = `query NodeStates($environmentId: BigInt!, $filter: AppliedResourcesFilter!, $first: Int, $after: String) {
  environment(id: $environmentId) {
    applied {
      resources(filter: $filter, first: $first, after: $after) {
        pageInfo { hasNextPage endCursor }
        edges {
          node {
            ... on ModelAppliedStateNode { uniqueId model: executionInfo { ${execution} } }
            ... on SeedAppliedStateNode { uniqueId seed: executionInfo { ${execution} } }
            ... on SnapshotAppliedStateNode { uniqueId snapshot: executionInfo { ${execution} } }
            ... on TestAppliedStateNode { uniqueId test: executionInfo { ${execution} lastRunFailures } }
            ... on SourceAppliedStateNode {
              uniqueId
              freshness { freshnessStatus maxLoadedAt snapshottedAt freshnessRunGeneratedAt }
            }
          }
        }
      }
    }
  }
}`;

const text = z.string().nullish().catch(null);
const number = z.number().nullish().catch(null);
const executionSchema = z
  .object({
    lastRunStatus: text,
    lastRunError: text,
    executionTime: number,
    executeCompletedAt: text,
    lastRunGeneratedAt: text,
    lastRunFailures: number,
  })
  .nullish();
const freshnessSchema = z
  .object({
    freshnessStatus: text,
    maxLoadedAt: text,
    snapshottedAt: text,
    freshnessRunGeneratedAt: text,
  })
  .nullish();
const nodeSchema = z.object({
  uniqueId: text,
  model: executionSchema,
  seed: executionSchema,
  snapshot: executionSchema,
  test: executionSchema,
  freshness: freshnessSchema,
});
const statesSchema = z.object({
  environment: z
    .object({
      applied: z
        .object({
          resources: z
            .object({
              pageInfo: z.object({ hasNextPage: z.boolean().nullish(), endCursor: text }).nullish(),
              edges: z.array(z.object({ node: nodeSchema.nullish() }).nullish()).nullish(),
            })
            .nullish(),
        })
        .nullish(),
    })
    .nullish(),
});

/** Where the Discovery API may be, the likeliest first. */
export interface DiscoveryPlaces {
  urls: readonly string[];
  /** By Admin origin: the one of them that it was found at. */
  found: Map<string, string>;
}

/**
 * The state of every node that has one, a page after another.
 * @param clean takes secrets out of what dbt said of a node
 * @returns the states and how many pages they were
 * @throws DbtError; DbtAuthenticationError says which permission the token lacks
 */
export async function discoverStates(
  client: CloudClient,
  environmentId: string,
  places: DiscoveryPlaces,
  clean: (text: string) => string,
  call: CloudCall,
): Promise<{ states: NodeState[]; pages: number }> {
  const states: NodeState[] = [];
  const seen = new Set<string>();
  let after: string | undefined;
  for (let pages = 1; ; pages += 1) {
    const variables = {
      environmentId: Number(environmentId),
      filter: { types },
      first: statePageSize,
      after,
    };
    const { environment } = await ask(client, places, statesSchema, statesQuery, variables, call);
    const resources = environment?.applied?.resources;
    for (const edge of resources?.edges ?? []) {
      const state = edge?.node ? stateOf(edge.node, clean) : null;
      if (state) states.push(state);
    }
    const { hasNextPage, endCursor: cursor } = resources?.pageInfo ?? {};
    // A cursor that comes again would never end.
    if (hasNextPage !== true || cursor == null || seen.has(cursor) || pages >= mostPages)
      return { states, pages };
    seen.add(cursor);
    after = cursor;
  }
}

/** @throws DbtAuthenticationError that says which permission the token lacks; DbtError */
export async function checkDiscovery(
  client: CloudClient,
  environmentId: string,
  places: DiscoveryPlaces,
  call: CloudCall,
): Promise<void> {
  const query = "query Access($environmentId: BigInt!) { environment(id: $environmentId) { __typename } }";
  await ask(client, places, z.unknown(), query, { environmentId: Number(environmentId) }, call);
}

async function ask<Schema extends z.ZodType>(
  client: CloudClient,
  { urls, found }: DiscoveryPlaces,
  schema: Schema,
  query: string,
  variables: Record<string, unknown>,
  call: CloudCall,
): Promise<z.output<Schema>> {
  const { origin } = client.address;
  const known = found.get(origin);
  const candidates = known !== undefined && urls.includes(known) ? [known] : urls;
  let last: unknown;
  for (const url of candidates) {
    try {
      const answer = await client.query(schema, new URL(url), query, variables, call);
      found.set(origin, url);
      return answer;
    } catch (error) {
      last = error;
      if (!isElsewhere(error)) break;
    }
  }
  throw explained(last, candidates);
}

/** Nothing there is the Discovery API: no such host, another's certificate, or a page that is not there. */
const isElsewhere = (error: unknown): boolean =>
  error instanceof CloudNotFoundError ||
  error instanceof DbtConfigurationError ||
  (error instanceof DbtUnavailableError &&
    error.cause instanceof HttpFailure &&
    ["notFound", "insecure"].includes(error.cause.reason));

function explained(error: unknown, urls: readonly string[]): unknown {
  if (error instanceof DbtAuthenticationError) {
    return new DbtAuthenticationError(
      'The token may not read the Discovery API: it lacks the permission "Metadata Only", or one that includes it.',
      { cause: error, ...(error.remedy && { remedy: error.remedy }) },
    );
  }
  if (!(error instanceof DbtError) || !isElsewhere(error)) return error;
  return new DbtConfigurationError(
    `The Discovery API is not at ${urls.join(" nor at ")}: "discovery_url" in manifest.yaml says where it is.`,
    { cause: error },
  );
}

type DiscoveredNode = z.output<typeof nodeSchema>;

/** @returns null for a node that never ran, or was never checked */
function stateOf(node: DiscoveredNode, clean: (text: string) => string): NodeState | null {
  const { uniqueId, freshness } = node;
  if (uniqueId == null) return null;
  const info = node.model ?? node.seed ?? node.snapshot ?? node.test;
  if (info?.lastRunStatus) {
    const failures = info.lastRunFailures ?? 0;
    const said = info.lastRunError ?? (failures > 0 ? `Got ${counted(failures, "result")}` : null);
    return {
      uniqueId,
      status: info.lastRunStatus,
      seconds: info.executionTime ?? null,
      message: said === null ? null : clean(said),
      at: time(info.executeCompletedAt) ?? time(info.lastRunGeneratedAt),
    };
  }
  const status = freshness?.freshnessStatus?.toLowerCase();
  if (!freshness || status === undefined || status === "unknown") return null;
  return {
    uniqueId,
    status,
    seconds: null,
    message: freshness.maxLoadedAt == null ? null : `newest row of ${day(freshness.maxLoadedAt)}`,
    at: time(freshness.snapshottedAt) ?? time(freshness.freshnessRunGeneratedAt),
  };
}

function time(value: string | null | undefined): number | null {
  const milliseconds = Date.parse(value ?? "");
  return Number.isNaN(milliseconds) ? null : milliseconds;
}

/** "2026-11-29 12:00 UTC" */
function day(value: string): string {
  const at = time(value);
  return at === null ? value : `${new Date(at).toISOString().slice(0, 16).replace("T", " ")} UTC`;
}
