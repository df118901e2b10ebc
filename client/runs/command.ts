import { namedSelection, type RunRequest, type RunVerb } from "../../protocol/run.ts";
import { joinFlags } from "./selectors.ts";

/** The command a person would type for a request: shown before it is sent. */
export function commandOf(request: Omit<RunRequest, "projectDir">): string {
  const named = namedSelection(request);
  const options = [
    ...(named === null ? [] : [`--selector ${named}`]),
    ...(request.select === undefined || named !== null ? [] : [`--select ${request.select}`]),
    ...(request.exclude === undefined ? [] : [`--exclude ${request.exclude}`]),
    ...(request.fullRefresh === true ? ["--full-refresh"] : []),
    ...(request.vars === undefined ? [] : [`--vars '${request.vars}'`]),
    ...(request.flags?.length ? [joinFlags(request.flags)] : []),
  ];
  return ["dbt", request.verb, ...options].join(" ");
}

/** What the whole project is called in a title. */
export const wholeProject = "whole project";

/** "Run orders", "Build whole project", "Install packages". */
export function runTitle(verb: RunVerb, title: string): string {
  return verb === "deps" ? "Install packages" : `${verbTitles[verb]} ${title}`;
}

export const verbTitles: Record<RunVerb, string> = {
  compile: "Compile",
  run: "Run",
  test: "Test",
  build: "Build",
  seed: "Seed",
  snapshot: "Snapshot",
  deps: "Install packages of",
};
