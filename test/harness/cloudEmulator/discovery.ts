import { readFileSync } from "node:fs";
import path from "node:path";
import { buildSchema, execute, parse, validate, type ExecutionResult } from "graphql";
import type { EmulatedRun, EmulatedStep } from "./emulatedRun.ts";

/**
 * The Discovery API, as far as the product uses it: a slice of its schema as the public documentation has it, answered from the
 * artifacts that the environment's runs have left.
 */
const schema = buildSchema(`
  scalar BigInt
  scalar DateTime
  enum ResourceNodeType { Exposure Macro Metric Model SavedQuery Seed SemanticModel Snapshot Source Test }
  enum FreshnessStatus { Error Pass Skipped Unknown Warn }
  input AppliedResourcesFilter { tags: [String!] types: [ResourceNodeType!]! uniqueIds: [String!] }
  type Query { environment(id: BigInt!): Environment }
  type Environment { id: BigInt! applied: AppliedState }
  type AppliedState {
    lastUpdatedAt: DateTime
    latestGitSha: String
    resources(filter: AppliedResourcesFilter!, first: Int, after: String): EnvironmentAppliedNodeConnection!
  }
  type PageInfo { startCursor: String endCursor: String hasNextPage: Boolean! hasPreviousPage: Boolean! }
  type EnvironmentAppliedNodeConnection {
    edges: [EnvironmentAppliedNodeEdge!]!
    pageInfo: PageInfo!
    totalCount: Int!
  }
  type EnvironmentAppliedNodeEdge { cursor: String! node: EnvironmentAppliedNode! }
  interface EnvironmentAppliedNode { uniqueId: String! name: String resourceType: String! }
  type ExecutionInfoNode {
    executeCompletedAt: DateTime executeStartedAt: DateTime executionTime: Float lastRunError: String
    lastRunGeneratedAt: DateTime lastRunId: BigInt lastRunStatus: String runGeneratedAt: DateTime
  }
  type TestExecutionInfoNode {
    executeCompletedAt: DateTime executeStartedAt: DateTime executionTime: Float lastRunError: String
    lastRunFailures: Int lastRunGeneratedAt: DateTime lastRunId: BigInt lastRunStatus: String runGeneratedAt: DateTime
  }
  type SourceFreshness {
    freshnessStatus: FreshnessStatus freshnessRunGeneratedAt: DateTime maxLoadedAt: DateTime
    maxLoadedAtTimeAgoInS: Float snapshottedAt: DateTime
  }
  type ModelAppliedStateNode implements EnvironmentAppliedNode {
    uniqueId: String! name: String resourceType: String! executionInfo: ExecutionInfoNode
  }
  type SeedAppliedStateNode implements EnvironmentAppliedNode {
    uniqueId: String! name: String resourceType: String! executionInfo: ExecutionInfoNode
  }
  type SnapshotAppliedStateNode implements EnvironmentAppliedNode {
    uniqueId: String! name: String resourceType: String! executionInfo: ExecutionInfoNode
  }
  type TestAppliedStateNode implements EnvironmentAppliedNode {
    uniqueId: String! name: String resourceType: String! testType: String executionInfo: TestExecutionInfoNode
  }
  type SourceAppliedStateNode implements EnvironmentAppliedNode {
    uniqueId: String! name: String resourceType: String! freshness: SourceFreshness!
  }
`);

/** The most that a page may have, whatever is asked for. */
const largestPage = 500;
const typeOf: Record<string, string> = {
  model: "Model",
  seed: "Seed",
  snapshot: "Snapshot",
  source: "Source",
  test: "Test",
  unit_test: "Test",
};

interface Question {
  query?: string;
  variables?: Record<string, unknown>;
}

/**
 * @param runs of the whole account
 * @returns the answer, and what is wrong with the query by the schema
 */
export async function answerDiscovery(
  question: Question,
  runs: readonly EmulatedRun[],
): Promise<{ body: string; violation: string | null }> {
  const document = parse(question.query ?? "");
  const errors = validate(schema, document);
  if (errors.length > 0) {
    const messages = errors.map(({ message }) => ({
      message,
      extensions: { code: "GRAPHQL_VALIDATION_FAILED" },
    }));
    return { body: JSON.stringify({ errors: messages }), violation: messages[0]?.message ?? "" };
  }
  const result: ExecutionResult = await execute({
    schema,
    document,
    variableValues: question.variables ?? {},
    rootValue: { environment: ({ id }: { id: number }) => environment(id, runs) },
  });
  return { body: JSON.stringify(result), violation: result.errors?.[0]?.message ?? null };
}

function environment(id: number, runs: readonly EmulatedRun[]) {
  const its = runs.filter(({ job, finishedAt }) => job.environmentId === id && finishedAt !== null);
  if (its.length === 0) return null;
  return {
    id,
    applied: {
      lastUpdatedAt: iso(its.at(-1)?.finishedAt ?? 0),
      latestGitSha: its.at(-1)?.gitSha ?? null,
      resources: (args: { filter: { types: string[] }; first?: number; after?: string }) =>
        page(
          nodesOf(its).filter(({ type }) => args.filter.types.includes(type)),
          args,
        ),
    },
  };
}

function page(nodes: readonly AppliedNode[], { first, after }: { first?: number; after?: string }) {
  const from = after === undefined ? 0 : Number(Buffer.from(after, "base64").toString()) + 1;
  const shown = nodes.slice(from, from + Math.min(first ?? largestPage, largestPage));
  const cursor = (at: number): string => Buffer.from(String(at)).toString("base64");
  return {
    totalCount: nodes.length,
    edges: shown.map((node, at) => ({
      cursor: cursor(from + at),
      node: { ...node, __typename: `${node.type}AppliedStateNode` },
    })),
    pageInfo: {
      startCursor: shown.length === 0 ? null : cursor(from),
      endCursor: shown.length === 0 ? null : cursor(from + shown.length - 1),
      hasNextPage: from + shown.length < nodes.length,
      hasPreviousPage: from > 0,
    },
  };
}

interface AppliedNode {
  uniqueId: string;
  type: string;
  name: string;
  resourceType: string;
  executionInfo?: Record<string, unknown>;
  freshness?: Record<string, unknown>;
}

interface Manifest {
  nodes: Record<string, { name?: string; resource_type?: string }>;
  sources?: Record<string, { name?: string; resource_type?: string }>;
  unit_tests?: Record<string, { name?: string; resource_type?: string }>;
}
interface RunResults {
  metadata: { generated_at?: string };
  args?: { which?: string };
  results: {
    unique_id: string;
    status: string;
    execution_time?: number;
    message?: string | null;
    failures?: number | null;
    timing?: { name: string; completed_at: string | null }[];
  }[];
}
interface Freshness {
  metadata: { generated_at?: string };
  results: { unique_id: string; status: string; max_loaded_at?: string; snapshotted_at?: string }[];
}

const steps = (runs: readonly EmulatedRun[]): { run: EmulatedRun; step: EmulatedStep }[] =>
  runs.flatMap((run) => run.steps.map((step) => ({ run, step })));

/** All nodes of the newest manifest, with what the last run that had them in it made of them. */
function nodesOf(runs: readonly EmulatedRun[]): AppliedNode[] {
  const nodes = new Map<string, AppliedNode>();
  const read = (step: EmulatedStep, name: string): unknown => {
    try {
      return JSON.parse(readFileSync(path.join(step.targetDir, name), "utf8"));
    } catch {
      return null;
    }
  };
  for (const { step } of steps(runs).toReversed()) {
    const manifest = read(step, "manifest.json") as Manifest | null;
    if (!manifest) continue;
    for (const [uniqueId, { name = "" }] of Object.entries({
      ...manifest.nodes,
      ...manifest.sources,
      ...manifest.unit_tests,
    })) {
      const resourceType = uniqueId.split(".")[0] ?? "";
      const type = typeOf[resourceType];
      if (type === undefined) continue;
      const freshness = type === "Source" ? { freshness: { freshnessStatus: "Unknown" } } : {};
      nodes.set(uniqueId, { uniqueId, type, name, resourceType, ...freshness });
    }
    break;
  }
  for (const { run, step } of steps(runs)) {
    const results = read(step, "run_results.json") as RunResults | null;
    if (results && ["run", "build", "test", "seed", "snapshot"].includes(results.args?.which ?? "")) {
      for (const result of results.results) {
        const node = nodes.get(result.unique_id);
        if (node) node.executionInfo = executionInfo(result, run, results.metadata.generated_at);
      }
    }
    const sources = read(step, "sources.json") as Freshness | null;
    for (const result of sources?.results ?? []) {
      const node = nodes.get(result.unique_id);
      if (node) node.freshness = freshnessOf(result, sources?.metadata.generated_at);
    }
  }
  return [...nodes.values()];
}

function executionInfo(
  { status, execution_time, message, failures, timing }: RunResults["results"][number],
  run: EmulatedRun,
  generatedAt: string | undefined,
): Record<string, unknown> {
  const failed = ["error", "fail", "runtime error"].includes(status);
  return {
    lastRunId: run.id,
    lastRunStatus: status,
    lastRunError: failed ? (message ?? null) : null,
    lastRunFailures: failures ?? null,
    executionTime: execution_time ?? null,
    executeCompletedAt: timing?.find(({ name }) => name === "execute")?.completed_at ?? null,
    lastRunGeneratedAt: generatedAt ?? iso(run.finishedAt ?? 0),
  };
}

function freshnessOf(
  { status, max_loaded_at, snapshotted_at }: Freshness["results"][number],
  generatedAt: string | undefined,
): Record<string, unknown> {
  const word = status === "runtime error" ? "error" : status;
  return {
    freshnessStatus: word.charAt(0).toUpperCase() + word.slice(1),
    maxLoadedAt: max_loaded_at ?? null,
    snapshottedAt: snapshotted_at ?? null,
    freshnessRunGeneratedAt: generatedAt ?? null,
  };
}

const iso = (milliseconds: number): string => new Date(milliseconds).toISOString();
