// The PostgreSQL of this machine, for tests that start a server of their own. It is never installed.
import { spawnSync } from "node:child_process";
import {
  accessSync,
  chmodSync,
  chownSync,
  constants,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
} from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";

/** Where packages put the programs of a server, which are often not on PATH; each `*` stands for a version. */
const usualFolders = [
  "/usr/lib/postgresql/*/bin",
  "/usr/pgsql-*/bin",
  "/opt/homebrew/opt/postgresql*/bin",
  "/usr/local/opt/postgresql*/bin",
  "/Applications/Postgres.app/Contents/Versions/*/bin",
];

let found;

/**
 * @returns `{ initdb, postgres, user }`, where `user` is whom the server has to run as (null: us); or `{ missing }`, a
 *   sentence that says why no server can be started here
 */
export function findPostgres() {
  found ??= find();
  return found;
}

function find() {
  if (process.platform === "win32") return { missing: "PostgreSQL is not looked for on Windows" };
  const folders = [...(process.env.PATH ?? "").split(path.delimiter), ...usualFolders.flatMap(expand)];
  const folder = folders.find((each) =>
    ["initdb", "postgres"].every((name) => isProgram(path.join(each, name))),
  );
  if (folder === undefined) return { missing: "PostgreSQL is not on this machine" };
  const programs = { initdb: path.join(folder, "initdb"), postgres: path.join(folder, "postgres") };
  // PostgreSQL refuses to be run by root.
  if (process.getuid() !== 0) return { ...programs, user: null };
  const user = ["postgres", "nobody"]
    .map(accountOf)
    .find((each) => each && canServe(programs.postgres, each));
  return user
    ? { ...programs, user }
    : { missing: "PostgreSQL cannot be started here: we are root, and can be nobody else" };
}

function expand(pattern) {
  const [before, after] = pattern.split("*");
  const parent = path.dirname(`${before}x`);
  const prefix = path.basename(`${before}x`).slice(0, -1);
  try {
    const names = readdirSync(parent).filter((name) => name.startsWith(prefix));
    return names
      .sort((a, b) => b.localeCompare(a, "en", { numeric: true }))
      .map((name) => path.join(parent, name, after));
  } catch {
    return [];
  }
}

function isProgram(file) {
  try {
    accessSync(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

function accountOf(name) {
  const line = readFileSync("/etc/passwd", "utf8")
    .split("\n")
    .find((each) => each.startsWith(`${name}:`));
  const [, , uid, gid] = line?.split(":") ?? [];
  return uid === undefined ? undefined : { uid: Number(uid), gid: Number(gid) };
}

/** Whether we may start a program as this user, who can write into a temporary folder that is given to it. */
function canServe(postgres, { uid, gid }) {
  const folder = mkdtempSync(path.join(tmpdir(), "floe-dbt-postgres-"));
  try {
    chmodSync(folder, 0o700);
    chownSync(folder, uid, gid);
    const program = '"$0" --version && test -w "$1"';
    return spawnSync("/bin/sh", ["-c", program, postgres, folder], { uid, gid, cwd: "/" }).status === 0;
  } catch {
    return false;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
