import { spawn, spawnSync, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { chownSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { createInterface } from "node:readline";
import { findPostgres } from "../../scripts/setup/postgres.mjs";
import { testPython } from "./environment.ts";

export const shopPassword = "correct-horse-battery";

/** Why no server can be started here, as a sentence; null where one can. */
export function postgresIsMissing(): string | null {
  const found = findPostgres();
  return "missing" in found ? found.missing : null;
}

/** A connection beside dbt's, to see what is in the database and what it is doing. */
export interface PostgresConnection extends AsyncDisposable {
  /** @returns rows; cells as JSON, text where JSON has no such value */
  query(sql: string): Promise<unknown[][]>;
}

export interface PostgresServer extends AsyncDisposable {
  readonly port: number;
  /** profiles.yml of the project "shop"; the password comes from the variable SHOP_PASSWORD. */
  readonly profilesYml: string;
  connect(): Promise<PostgresConnection>;
  /** Until `start`, nobody answers at the port. */
  stop(): Promise<void>;
  start(): Promise<void>;
}

/**
 * A server of our own, in a temporary folder and at a free port of this machine, that forgets durability for speed.
 * It ends with the scope, and with us if we are killed.
 */
export async function startPostgres(): Promise<PostgresServer> {
  const found = findPostgres();
  if ("missing" in found) throw new Error(found.missing);
  const as = { ...found.user, env: { PATH: process.env.PATH, LC_ALL: "C" } };
  const parent = mkdtempSync(path.join(tmpdir(), "floe-dbt-postgres-"));
  const dataDir = path.join(parent, "data");
  const passwordFile = path.join(parent, "password");
  mkdirSync(dataDir, { mode: 0o700 });
  writeFileSync(passwordFile, shopPassword);
  if (found.user) {
    for (const each of [parent, dataDir, passwordFile]) chownSync(each, found.user.uid, found.user.gid);
  }
  const made = spawnSync(
    found.initdb,
    [
      ...["-D", dataDir, "-U", "shop", "--auth=scram-sha-256", "--pwfile", passwordFile],
      ...["--no-sync", "--no-instructions", "--encoding=UTF8", "--locale=C"],
    ],
    { ...as, cwd: parent, encoding: "utf8" },
  );
  if (made.status !== 0) throw new Error(`initdb: ${made.error?.message ?? made.stderr}`);
  const port = await freePort();
  const options = {
    port,
    listen_addresses: "127.0.0.1",
    unix_socket_directories: "",
    max_connections: 20,
    fsync: "off",
    synchronous_commit: "off",
    full_page_writes: "off",
    autovacuum: "off",
    log_min_messages: "log",
  };
  const args = Object.entries(options).flatMap(([name, value]) => ["-c", `${name}=${value}`]);
  let server: ChildProcess | undefined;
  const stop = async (): Promise<void> => {
    if (server) await end(server);
    server = undefined;
  };
  const start = async (): Promise<void> => {
    server = spawn("/bin/sh", ["-c", guarded, found.postgres, "-D", dataDir, ...args], {
      ...as,
      cwd: parent,
      stdio: ["pipe", "ignore", "pipe"],
    });
    await ready(server);
  };
  await start();
  return {
    port,
    profilesYml: profilesYml(port),
    connect: () => connect(port),
    start,
    stop,
    async [Symbol.asyncDispose]() {
      await stop();
      rmSync(parent, { recursive: true, force: true, maxRetries: 10 });
    },
  };
}

/** The shell becomes the server; what it leaves behind waits for the end of our stdin and then asks the server to end. */
const guarded = `exec 3<&0; (cat <&3 >/dev/null; kill -INT $$) & exec "$0" "$@" 3<&- </dev/null`;

async function ready(server: ChildProcess): Promise<void> {
  const said: string[] = [];
  for await (const line of createInterface({ input: server.stderr! })) {
    said.push(line);
    if (line.includes("database system is ready to accept connections")) {
      server.stderr?.resume();
      return;
    }
  }
  throw new Error(`The server did not start:\n${said.join("\n")}`);
}

async function end(server: ChildProcess): Promise<void> {
  const gone = server.exitCode !== null || server.signalCode !== null;
  const exited = gone ? undefined : once(server, "exit");
  server.stdin?.end();
  await exited;
}

async function freePort(): Promise<number> {
  const listener = createServer().listen(0, "127.0.0.1");
  await once(listener, "listening");
  const { port } = listener.address() as AddressInfo;
  await new Promise((resolve) => listener.close(resolve));
  return port;
}

const profilesYml = (port: number): string => `shop:
  target: dev
  outputs:
    dev:
      type: postgres
      host: 127.0.0.1
      port: ${port}
      user: shop
      password: "{{ env_var('SHOP_PASSWORD') }}"
      dbname: postgres
      schema: main
      threads: 1
      connect_timeout: 5
`;

const client = `
import json, psycopg2, sys
connection = psycopg2.connect(host="127.0.0.1", port=sys.argv[1], user="shop", password=sys.argv[2], dbname="postgres")
connection.autocommit = True
print("[]", flush=True)
for line in sys.stdin:
    with connection.cursor() as cursor:
        cursor.execute(json.loads(line))
        print(json.dumps(cursor.fetchall() if cursor.description else [], default=str), flush=True)
`;

async function connect(port: number): Promise<PostgresConnection> {
  const child = spawn(testPython("postgres"), ["-c", client, String(port), shopPassword], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const answer = async (): Promise<unknown[][]> => {
    const { value, done } = (await lines.next()) as { value?: string; done?: boolean };
    if (done || value === undefined) throw new Error("The connection beside dbt's ended.");
    return JSON.parse(value) as unknown[][];
  };
  await answer();
  return {
    query(sql) {
      child.stdin.write(`${JSON.stringify(sql)}\n`);
      return answer();
    },
    async [Symbol.asyncDispose]() {
      const exited = once(child, "exit");
      child.stdin.end();
      await exited;
    },
  };
}
