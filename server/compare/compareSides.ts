import type {
  ComparedNode,
  ComparedSide,
  Comparison,
  DiagnosticGroup,
  DifferentNode,
} from "../../protocol/compare.ts";
import type { DeployedState } from "../plugins/dbtPlugin.ts";
import { normalizeSql } from "./normalizeSql.ts";
import { counted } from "../../protocol/counted.ts";

export interface SideNode extends ComparedNode {
  dependsOn: string[];
  /** Null where it was not compiled. */
  sql: string | null;
  /** Its table or view, as SQL names it; null where it has none. */
  relation: string | null;
  /** What the project itself says of that name. */
  naming: string;
  isIncremental: boolean;
  /** Absolute paths of the project's files that have a say in it: its own, its description, its macros. */
  files: string[];
}

export interface SideDiagnostic {
  code: string;
  name: string | null;
  severity: "error" | "warning";
  message: string;
  filePath: string | null;
  line: number | null;
}

/** What one environment made of a project. */
export interface Side extends Omit<ComparedSide, "nodes" | "deployed"> {
  nodes: Map<string, SideNode>;
  diagnostics: SideDiagnostic[];
  /** Of a side that is as it is deployed. */
  deployed?: DeployedState;
}

/** Examples kept of each group of diagnostics: the count says how many there are. */
const mostPlaces = 50;

/** What differs between two environments. Pure: both have been asked before. */
export function compareSides(
  left: Side,
  right: Side,
  options: { projectDir: string; projectName: string; target: string | null; changedOnly?: boolean },
): Comparison {
  const { changedOnly = false, ...project } = options;
  const deployed = left.deployed ?? right.deployed;
  const onlyLeft = missingFrom(left, right);
  const onlyRight = missingFrom(right, left);
  const different: DifferentNode[] = [];
  const dependencies: Comparison["dependencies"] = [];
  let compared = 0;
  for (const [id, ours] of left.nodes) {
    const theirs = right.nodes.get(id);
    if (!theirs) continue;
    const onlyOurs = ours.dependsOn.filter((each) => !theirs.dependsOn.includes(each));
    const onlyTheirs = theirs.dependsOn.filter((each) => !ours.dependsOn.includes(each));
    if (onlyOurs.length + onlyTheirs.length > 0) {
      dependencies.push({ ...bare(ours), onlyLeft: onlyOurs, onlyRight: onlyTheirs });
    }
    if (ours.sql === null || theirs.sql === null) continue;
    compared += 1;
    if (normalizeSql(ours.sql) !== normalizeSql(theirs.sql)) {
      different.push({ ...bare(ours), left: ours.sql, right: theirs.sql });
    }
  }
  // Of what is deployed no warnings are known: that it gives none is no difference.
  const told = (all: SideDiagnostic[]): SideDiagnostic[] =>
    deployed ? all.filter(({ severity }) => severity === "error") : all;
  const diagnostics = [
    ...grouped("left", told(without(left.diagnostics, right.diagnostics))),
    ...grouped("right", told(without(right.diagnostics, left.diagnostics))),
  ];
  const found = { onlyLeft, onlyRight, different, dependencies, diagnostics };
  const errors = diagnostics.some(({ severity }) => severity === "error");
  const same =
    left.failure === null &&
    right.failure === null &&
    !errors &&
    onlyLeft.length + onlyRight.length + different.length + dependencies.length === 0;
  return {
    ...project,
    verdict: [
      verdict(left, right, compared, found, changedOnly ? deployed : undefined),
      ...(deployed ? deployedWords(deployed, changedOnly, different, left) : []),
    ].join(" "),
    same,
    left: { ...sideOf(left) },
    right: { ...sideOf(right) },
    compared,
    ...found,
  };
}

function sideOf({ runtime, title, dbtVersion, seconds, nodes, failure, deployed }: Side): ComparedSide {
  return {
    runtime,
    title,
    dbtVersion,
    seconds,
    nodes: nodes.size,
    failure,
    ...(deployed && { deployed: { label: deployed.label, commit: deployed.commit } }),
  };
}

/** What a person must know of a comparison with what is deployed. */
function deployedWords(
  { changed, notices }: DeployedState,
  changedOnly: boolean,
  different: readonly DifferentNode[],
  { nodes }: Side,
): string[] {
  const incremental = different.filter(({ uniqueId }) => nodes.get(uniqueId)?.isIncremental).length;
  return [
    ...(changedOnly && "unknown" in changed
      ? [`All nodes are compared, as what changed in git is not known: ${changed.unknown}.`]
      : []),
    ...(incremental > 0
      ? [
          `${counted(incremental, "of them is", "of them are")} incremental: whether its table is there changes its SQL, too.`,
        ]
      : []),
    ...notices,
  ];
}

function verdict(
  left: Side,
  right: Side,
  compared: number,
  found: Pick<Comparison, "onlyLeft" | "onlyRight" | "different" | "dependencies" | "diagnostics">,
  /** Given where only what changed since is looked at. */
  since: DeployedState | undefined,
): string {
  const errorsOf = (side: "left" | "right"): number =>
    found.diagnostics
      .filter((group) => group.side === side && group.severity === "error")
      .reduce((sum, { count }) => sum + count, 0);
  const parts: string[] = [];
  for (const [name, side] of [
    ["left", left],
    ["right", right],
  ] as const) {
    const errors = errorsOf(name);
    if (side.failure !== null && errors === 0) parts.push(`${side.title} cannot compile it: ${side.failure}`);
    else if (side.failure !== null)
      parts.push(`${counted(errors, "error")} ${errors === 1 ? "blocks" : "block"} ${side.title}`);
    else if (errors > 0) parts.push(`${counted(errors, "error")} only in ${side.title}`);
  }
  const { different, onlyLeft, onlyRight, dependencies } = found;
  if (different.length > 0)
    parts.unshift(`${different.length} of ${counted(compared, "node")} compile to other SQL`);
  if (onlyLeft.length > 0) parts.push(`${counted(onlyLeft.length, "node")} only in ${left.title}`);
  if (onlyRight.length > 0) parts.push(`${counted(onlyRight.length, "node")} only in ${right.title}`);
  if (dependencies.length > 0) parts.push(`${counted(dependencies.length, "node")} with other dependencies`);
  const isLimited = since !== undefined && "files" in since.changed;
  const scope = isLimited ? ` changed since commit ${since.commit?.slice(0, 7) ?? ""}` : "";
  if (parts.length > 0) return `${isLimited ? `Of what${scope}: ` : ""}${parts.join("; ")}.`;
  if (isLimited && left.nodes.size + right.nodes.size === 0) return `No node${scope}.`;
  const all = `All ${counted(compared, "node")}${isLimited ? ` that${scope}` : ""}`;
  return `${all} compile to the same SQL in ${left.title} and ${right.title}.`;
}

function missingFrom(here: Side, there: Side): ComparedNode[] {
  // A side that failed as a whole lacks everything; that is said once, in the verdict.
  if (there.failure !== null) return [];
  return [...here.nodes.values()].filter(({ uniqueId }) => !there.nodes.has(uniqueId)).map(bare);
}

function bare({ uniqueId, name, resourceType, filePath }: SideNode): ComparedNode {
  return { uniqueId, name, resourceType, filePath };
}

/** Two environments say one thing in their own words, so a place counts as the same. */
function without(all: readonly SideDiagnostic[], others: readonly SideDiagnostic[]): SideDiagnostic[] {
  const known = new Set(
    others.map(({ filePath, line, severity }) => JSON.stringify([filePath, line, severity])),
  );
  return all.filter(
    ({ filePath, line, severity }) => line === null || !known.has(JSON.stringify([filePath, line, severity])),
  );
}

function grouped(side: "left" | "right", diagnostics: readonly SideDiagnostic[]): DiagnosticGroup[] {
  const groups = Map.groupBy(diagnostics, ({ code, severity }) => `${severity} ${code}`);
  return [...groups.values()]
    .map((all): DiagnosticGroup => {
      const { code = "dbt", name = null, severity = "error" } = all[0] ?? {};
      const places = all
        .slice(0, mostPlaces)
        .map(({ message, filePath, line }) => ({ message, filePath, line }));
      return { side, code, name, severity, count: all.length, places };
    })
    .toSorted((a, b) => rank(a) - rank(b) || b.count - a.count);
}

const rank = ({ severity }: DiagnosticGroup): number => (severity === "error" ? 0 : 1);
