import path from "node:path";
import type { Remedy } from "../../../protocol/runtime.ts";
import type { FoundEnvironment } from "./findEnvironment.ts";

export const environmentProblemCodes = [
  "explicitPython",
  "noPython",
  "oldPython",
  "dbt2",
  "noDbt",
  "oldDbt",
  "noAdapter",
  "noSqlfluff",
  "noTemplater",
  "mismatchedTemplater",
  "wantedVersion",
] as const;

/** Something about the environment that a person should mend, and the one action that does. */
export interface EnvironmentProblem {
  code: (typeof environmentProblemCodes)[number];
  severity: "error" | "warning";
  message: string;
  remedy: Remedy;
  /** Nothing can be linted while it lasts. */
  stopsLinting: boolean;
  /** No dbt command can run while it lasts. */
  stopsDbt: boolean;
}

export interface Wanted {
  dbtVersion?: string | undefined;
  pythonVersion?: string | undefined;
}

export const setUpRemedy: Remedy = {
  title: "Set Up Environment",
  command: "floeDbt.setUpEnvironment",
};
export const settingsRemedy = (setting: string): Remedy => ({
  title: "Open Settings",
  command: "floeDbt.openSettings",
  arguments: [setting],
});
export const restartRemedy: Remedy = { title: "Restart", command: "floeDbt.restartServer" };

/** @param adapterType `type` of the profile's target, such as "postgres"; null where it is not known */
export function environmentProblems(
  environment: FoundEnvironment,
  adapterType: string | null,
  wanted: Wanted = {},
): EnvironmentProblem[] {
  const problems: EnvironmentProblem[] = [];
  const add = (
    code: EnvironmentProblem["code"],
    severity: EnvironmentProblem["severity"],
    message: string,
    stops: "everything" | "linting" | "dbt" | "nothing",
    remedy = setUpRemedy,
  ): void => {
    problems.push({
      code,
      severity,
      message,
      remedy,
      stopsLinting: stops === "everything" || stops === "linting",
      stopsDbt: stops === "everything" || stops === "dbt",
    });
  };

  const { explicitFailure } = environment;
  if (explicitFailure) {
    const { place, python, why } = explicitFailure;
    const remedy = settingsRemedy("floeDbt.python.path");
    add("explicitPython", "error", `The Python of ${place}, ${python}, ${why}.`, "everything", remedy);
    return problems;
  }
  if (!environment.facts) {
    add(
      "noPython",
      "error",
      `No Python was found for this project. ${whereSearched(environment)}`,
      "everything",
    );
    return problems;
  }

  const { python, versions } = environment.facts;
  const { "dbt-core": dbt, sqlfluff, "sqlfluff-templater-dbt": templater } = versions;
  if (isOlder(versions.python ?? "", "3.9")) {
    const message = `Python ${versions.python ?? "?"} (${python}) is too old: dbt and SQLFluff need 3.9 or newer.`;
    add("oldPython", "error", message, "everything");
    return problems;
  }
  if (dbt === undefined && sqlfluff === undefined) {
    add("noDbt", "error", `Neither dbt-core nor SQLFluff is installed in ${python}.`, "everything");
    return problems;
  }
  if (dbt === undefined) {
    add("noDbt", "error", `dbt-core is not installed in ${python}.`, "dbt");
  } else if (!isOlder(dbt, "2.0.0a0")) {
    const message = `${python} has dbt ${dbt}, the engine of dbt Fusion. The local environment needs dbt-core 1.8 to 1.x.`;
    add("dbt2", "error", message, "dbt");
  } else {
    if (isOlder(dbt, "1.8")) {
      add("oldDbt", "warning", `dbt-core ${dbt} is older than 1.8, the oldest that is supported.`, "nothing");
    }
    const adapter = adapterType === null ? null : adapterPackage(adapterType);
    // dbt-athena was called dbt-athena-community.
    if (adapter !== null && !(adapter in versions) && !(`${adapter}-community` in versions)) {
      const message = `The profile's target is of type ${adapterType ?? ""}, and ${adapter} is not installed in ${python}.`;
      add("noAdapter", "error", message, "dbt");
    }
  }
  if (sqlfluff === undefined) {
    add("noSqlfluff", "error", `SQLFluff is not installed in ${python}, so SQL is not linted.`, "linting");
  } else if (templater === undefined) {
    const message = `sqlfluff ${sqlfluff} has no sqlfluff-templater-dbt beside it, which it needs to understand dbt.`;
    add("noTemplater", "warning", message, "nothing");
  } else if (templater !== sqlfluff) {
    const message =
      `sqlfluff ${sqlfluff} and sqlfluff-templater-dbt ${templater} do not fit: they must be the same version, ` +
      `or SQLFluff does not know the dbt templater.`;
    add("mismatchedTemplater", "error", message, "nothing");
  }
  for (const [what, want, has] of [
    ["dbt", wanted.dbtVersion, dbt],
    ["Python", wanted.pythonVersion, versions.python],
  ] as const) {
    if (want !== undefined && has !== undefined && !fitsVersion(has, want)) {
      const message = `manifest.yaml asks for ${what} ${want}, and ${python} has ${has}.`;
      add("wantedVersion", "warning", message, "nothing");
    }
  }
  return problems;
}

/** The places without their numbers, the virtual environments of one folder as one; what was there and does not run. */
function whereSearched({ searched }: FoundEnvironment): string {
  const failures = searched.flatMap(({ found }) => (found === null ? [] : [`${found}.`]));
  const places = searched.slice(1).map(({ place }) => place.replace(/^\d+\. /, ""));
  const folders = new Set(
    places.filter((place) => path.isAbsolute(place)).map((place) => path.dirname(place)),
  );
  const others = places.filter((place) => !path.isAbsolute(place));
  const looked = [...[...folders].map((folder) => `.venv, venv and env of ${folder}`), ...others];
  return [...failures, ...(looked.length > 0 ? [`Looked for: ${looked.join("; ")}.`] : [])].join(" ");
}

/** Parts of dbt-core that say nothing to a person. */
const innerParts = new Set([
  "dbt-adapters",
  "dbt-common",
  "dbt-extractor",
  "dbt-protos",
  "dbt-semantic-interfaces",
]);

/** The versions a person wants to see: Python, dbt-core, its adapters and plugins, SQLFluff. */
export function notableVersions(versions: Record<string, string>): Record<string, string> {
  return Object.fromEntries(Object.entries(versions).filter(([name]) => !innerParts.has(name)));
}

/** @returns the package of the adapter for a profile's `type`, such as "dbt-postgres": they are all named like that */
export function adapterPackage(type: string): string {
  return `dbt-${type.toLowerCase().replaceAll("_", "-")}`;
}

/**
 * Whether a version is what manifest.yaml asks for: "1.11" accepts every 1.11.x, and ">=1.8,<2", "~=1.11.0", "==1.11.16"
 * mean what they mean in Python.
 */
export function fitsVersion(version: string, wanted: string): boolean {
  return wanted.split(",").every((part) => {
    const match = /^\s*(==|>=|<=|~=|!=|>|<)?\s*v?([\d.]+\w*)(\.\*)?\s*$/.exec(part);
    const bound = match?.[2];
    if (bound === undefined) return true;
    const same = `${version}.`.startsWith(`${bound}.`);
    switch (match?.[1]) {
      case ">=":
        return !isOlder(version, bound);
      case ">":
        return isOlder(bound, version);
      case "<":
        return isOlder(version, bound);
      case "<=":
        return !isOlder(bound, version);
      case "!=":
        return !same;
      case "~=":
        return !isOlder(version, bound) && `${version}.`.startsWith(bound.replace(/\.[^.]*$/, "."));
      case undefined:
      default:
        return same;
    }
  });
}

/** Compares dotted numbers; "2.0.0a4" counts as 2.0.0, which is exact enough for minimum versions. */
function isOlder(version: string, than: string): boolean {
  const numbers = (text: string) => text.split(".").map((part) => Number.parseInt(part, 10) || 0);
  const [left, right] = [numbers(version), numbers(than)];
  for (let index = 0; index < Math.max(left.length, right.length); index++) {
    const difference = (left[index] ?? 0) - (right[index] ?? 0);
    if (difference !== 0) return difference < 0;
  }
  return false;
}
