import type { RunNode, RunRequest, RunVerb } from "../../protocol/run.ts";
import { wholeProject } from "./command.ts";
import { isTest, type KnownRun, tally } from "./runList.ts";
import { selectorOf } from "./selectors.ts";

/** Requests for parts of a run that was. */

/**
 * What failed in a run, and what was skipped because of it, as a run of the same kind.
 * @returns undefined where nothing failed
 */
export function requestForFailed(run: KnownRun): RunRequest | undefined {
  const { head, nodes } = run;
  const failed = [...nodes.values()].filter(
    ({ status, resourceType }) =>
      (status === "fail" || status === "error" || status === "skipped") && resourceType !== "operation",
  );
  // What is skipped though nothing failed has nothing to do, as an exposure. A run that never came to its nodes is to be
  // done again as a whole.
  if (failed.length === 0 || tally(run).failed === 0)
    return head.state === "error" ? head.request : undefined;
  return {
    ...withoutSelection(head.request),
    ...(head.request.flags === undefined ? {} : { flags: head.request.flags }),
    select: [...new Set(failed.map((node) => mended(head.request.verb, node)))].join(" "),
    title: `what failed of ${head.title.replace(/^(what failed of )+/, "") || wholeProject}`,
  };
}

/** What a test found is mended in what it tests: a build makes that anew as well, or the test would fail again. */
function mended(verb: RunVerb, node: RunNode): string {
  return verb === "build" && isTest(node) ? `1+${selectorOf(node)}` : selectorOf(node);
}

/** One node of a run again, by what fits it: a test is tested, a seed is loaded. */
export function requestForNode(request: RunRequest, node: RunNode): RunRequest {
  return {
    ...withoutSelection(request),
    verb: verbOf(request, node),
    select: selectorOf(node),
    title: node.name,
  };
}

function withoutSelection({ projectDir, verb, fullRefresh, vars }: RunRequest): RunRequest {
  return {
    projectDir,
    verb,
    ...(fullRefresh === undefined ? {} : { fullRefresh }),
    ...(vars === undefined ? {} : { vars }),
  };
}

function verbOf({ verb }: RunRequest, { resourceType }: RunNode): RunVerb {
  if (verb === "compile") return verb;
  switch (resourceType) {
    case "test":
    case "unit_test":
      return "test";
    case "seed":
    case "snapshot":
      return resourceType;
    default:
      return verb === "build" ? "build" : "run";
  }
}
