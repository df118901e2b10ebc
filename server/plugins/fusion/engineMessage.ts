import path from "node:path";
import { withoutColours } from "../../platform/terminalText.ts";

/** A mistake or doubt the engine has found, in its own words but without its decoration. */
export interface EngineDiagnostic {
  severity: "error" | "warning";
  /** "dbt1501"; "dbt" where the engine gives none. */
  code: string;
  /** The code's name: "JinjaError". */
  name: string | null;
  message: string;
  /** As the engine writes it: relative to the project, or into the target folder. Null where it names no file. */
  file: string | null;
  /** 1-based; null where the engine names only a file. */
  line: number | null;
  column: number | null;
}

const headPattern = /^\[(error|warning)\]\s*(?:\[([\w.-]+)\s*\(([A-Za-z]+\d+)\)\]:?\s*)?/i;
const placePattern = /(?:^|\n)\s*-->\s*(\S(?:.*\S)?)\s*$/;
const inPattern = /\n?[ \t]*\(in (\S(?:.*?\S)?:\d+:\d+)\)/g;

/**
 * Reads `[error] [JinjaError (dbt1501)]: text\n(in models/c.sql:1:8)\n  --> models/c.sql:1:8`. Stacks, colours and the
 * repeated place go.
 */
export function readEngineMessage(text: string, level: "error" | "warn"): EngineDiagnostic {
  let rest = plain(text).trim();
  const head = headPattern.exec(rest);
  if (head) rest = rest.slice(head[0].length);
  rest = withoutStack(rest);
  let place: Place | null = null;
  for (let found = placePattern.exec(rest); found; found = placePattern.exec(rest)) {
    place = readPlace(found[1] ?? "");
    rest = rest.slice(0, found.index);
  }
  // What a driver adds where it has nothing to add.
  rest = rest.replace(/ ?\(sqlstate: \[(?:0, )*0\], vendor_code: -?\d+\)/g, "").replace(/^Internal: /, "");
  rest = rest.replace(inPattern, (_whole, where: string) => {
    place ??= readPlace(where);
    return "";
  });
  const said = head?.[1]?.toLowerCase();
  return {
    severity: said === "warning" || (said === undefined && level === "warn") ? "warning" : "error",
    code: head?.[3] ?? "dbt",
    name: head?.[2] ?? null,
    message: rest.trim() || "The engine says no more.",
    file: place?.file ?? null,
    line: place?.line ?? null,
    column: place?.column ?? null,
  };
}

interface Place {
  file: string;
  line: number | null;
  column: number | null;
}

function readPlace(text: string): Place {
  const [, file = text, line, column] = /^(.*?)(?::(\d+))?(?::(\d+))?$/.exec(text) ?? [];
  const number = (digits: string | undefined): number | null => {
    const value = Number(digits ?? 0);
    return value > 0 ? value : null;
  };
  return { file, line: number(line), column: number(column) };
}

/** A stack of the engine's own code is nobody's business; it comes where RUST_BACKTRACE is set behind our back. */
function withoutStack(text: string): string {
  const at = /\n\s*(?:stack backtrace:|Stack backtrace:|\d+: (?:0x[0-9a-f]+ - )?\S+::\S+)/.exec(text)?.index;
  const cut = at === undefined ? text : text.slice(0, at);
  return cut.replace(/\n?note: run with `RUST_BACKTRACE[^\n]*/g, "");
}

/** Text without colours, links and other control sequences of a terminal. */
export function plain(text: string): string {
  const unlinked = text.replace(/\u001b\][^\u0007\u001b]*(?:\u0007|\u001b\\)/g, "");
  return withoutColours(unlinked).replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f]/g, "");
}

/** What dbt's documentation says of the subject of a message, by the name of its code. */
const pages: Record<string, string> = {
  JinjaError: "reference/dbt-jinja-functions",
  MacroSyntaxInvalid: "docs/build/jinja-macros",
  DependencyNotFound: "reference/dbt-jinja-functions/ref",
  CyclicDependency: "reference/dbt-jinja-functions/ref",
  UnusedConfigKey: "reference/deprecations",
};

/**
 * The page to read about a message: the one it names itself, else the one on its subject. dbt documents no code on its own
 * (none of "dbt1501" and its like is on docs.getdbt.com), and a search in an issue tracker is no explanation: other codes
 * have no link.
 */
export function pageOf({ name, message }: Pick<EngineDiagnostic, "name" | "message">): string | undefined {
  const named = /https:\/\/docs\.getdbt\.com\/[\w./#?=-]+/.exec(message)?.[0].replace(/[.?]+$/, "");
  if (named !== undefined) return named;
  const page = name !== null && Object.hasOwn(pages, name) ? pages[name] : undefined;
  if (page === undefined) return undefined;
  const isSource = name === "DependencyNotFound" && /^source\b/i.test(message);
  return `https://docs.getdbt.com/${isSource ? page.replace(/ref$/, "source") : page}`;
}

/**
 * The path in the user's project that a path of the engine means. It writes most relative to the project it was given,
 * and some relative to the folder it runs in, which is the user's.
 * @param base the project it was given: a copy, or the user's own
 * @returns null for a file the user does not have: in a target folder, or made by the engine
 */
export function userPath(
  file: string,
  { projectDir, base, targetDirs }: { projectDir: string; base: string; targetDirs: readonly string[] },
): string | null {
  // `run/shop/models/b.sql` is relative to the target folder.
  if (/^(run|compiled|generic_tests)[\\/]/.test(file)) return null;
  const fromHere = path.resolve(projectDir, file);
  const absolute = relativeInside(fromHere, base) === null ? path.resolve(base, file) : fromHere;
  const inside = relativeInside(absolute, base);
  const mapped = inside === null ? absolute : path.resolve(projectDir, inside);
  const isMade = [absolute, mapped, fromHere].some((each) =>
    targetDirs.some((target) => relativeInside(each, target) !== null),
  );
  return isMade ? null : mapped;
}

function relativeInside(file: string, folder: string): string | null {
  const relative = path.relative(folder, file);
  return relative === ".." || relative.startsWith(`..${path.sep}`) || path.isAbsolute(relative)
    ? null
    : relative;
}
