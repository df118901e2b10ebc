import { namedSelection, type RunNode, type RunRequest } from "../../protocol/run.ts";

/** The command a person would have typed. For reading only: what runs gets its arguments one by one. */
export function commandOf(request: RunRequest, target: string | undefined): string {
  const { verb, select, exclude, fullRefresh, vars, flags = [] } = request;
  const named = namedSelection(request);
  const args = [
    ...(named === null ? (select ? ["--select", select] : []) : ["--selector", named]),
    ...(exclude ? ["--exclude", exclude] : []),
    ...(fullRefresh ? ["--full-refresh"] : []),
    ...(vars ? ["--vars", vars] : []),
    ...(target ? ["--target", target] : []),
    ...flags,
  ];
  return ["dbt", verb, ...args.map(quoted)].join(" ");
}

function quoted(argument: string): string {
  return /^[\w@%+=:,./-]+$/.test(argument) ? argument : `'${argument.replaceAll("'", `'\\''`)}'`;
}

export function titleOf({ title, select, exclude, verb }: RunRequest): string {
  if (title) return title;
  if (verb === "deps") return "packages";
  if (select) return exclude ? `${select} without ${exclude}` : select;
  return exclude ? `whole project without ${exclude}` : "whole project";
}

/** "2 of 13 failed: customers, unique_orders_id"; null where nothing did. */
export function whatFailed(nodes: readonly RunNode[]): string | null {
  const failed = nodes.filter(({ status }) => status === "error" || status === "fail");
  if (failed.length === 0) return null;
  const names = failed.slice(0, 3).map(({ name }) => name);
  const more = failed.length > names.length ? ` and ${failed.length - names.length} more` : "";
  return `${failed.length} of ${nodes.length} failed: ${names.join(", ")}${more}.`;
}
