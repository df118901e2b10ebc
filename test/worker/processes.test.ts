import { describe, expect, test } from "vitest";
import { dbtProject } from "../harness/dbtProject.ts";
import { startWorker, type WorkerDriver } from "../harness/workerDriver.ts";
import { ended, lintingChildren } from "./processes.ts";
import { sharedWorker, sqlfluffConfig } from "./sharedWorker.ts";

/** A relay that starts the worker as a child and hands its own stdin on, as an editor's server does. */
const relay = `import subprocess, sys
worker = subprocess.Popen(sys.argv[1:], stdin=subprocess.PIPE)
for line in iter(sys.stdin.buffer.readline, b""):
    worker.stdin.write(line)
    worker.stdin.flush()
worker.stdin.close()
sys.exit(worker.wait())
`;

const untidy = (n: number): string =>
  `select\n${Array.from({ length: 60 }, (_, i) => `    ${n} + ${i} AS column_${i}`).join(",\n")}\nfrom {{ ref('base') }}\n`;
/**
 * @param models enough for several children, of six files each
 * @param first a number of its own for each test: a text that was linted before is not linted again
 */
const bigProject = (models: number, first: number) => ({
  "models/base.sql": "select 1 as id\n",
  ...Object.fromEntries(
    Array.from({ length: models }, (_, n) => [`models/m${n}.sql`, untidy(first + n)] as const),
  ),
});

const answered = (events: readonly { event: string }[]) =>
  events.filter(({ event }) => event === "file").length;

/** A lint of the whole project that has reached its children. @returns their ids */
async function startProjectLint(worker: WorkerDriver) {
  await worker.request("parse", {});
  const lint = worker.ask("lint", {});
  lint.answer.catch(() => undefined);
  return { lint, children: await lintingChildren(worker.hello.pid) };
}

// Only Linux lints in children; elsewhere forking is not safe, and there is nothing to leave behind.
const onLinux = test.runIf(process.platform === "linux");

describe("one worker", () => {
  const shared = sharedWorker();

  onLinux("a killed child costs nothing: its files are linted again", async () => {
    const { project, worker } = await shared.begin(bigProject(13, 0));
    const { lint, children } = await startProjectLint(worker);
    for (const pid of children) process.kill(pid, "SIGKILL");
    expect((await lint.answer).linted).toHaveLength(14);
    expect(answered(lint.events)).toBe(14);
    await worker.event((event) => event.event === "log" && event.message.includes("linting it again"));
    const file = project.file("models/m0.sql");
    const inProject = lint.events.find((event) => event.event === "file" && event.filePath === file);
    expect(inProject).toMatchObject({ issues: (await worker.lint(file, untidy(0))).issues });
  });

  onLinux("a cancelled lint of the project leaves no process", async () => {
    const { worker } = await shared.begin(bigProject(40, 100));
    const { lint, children } = await startProjectLint(worker);
    worker.notify("cancel", { id: lint.id });
    await expect(lint.answer).rejects.toMatchObject({ detail: { kind: "cancelled" } });
    await ended(children);
    expect(answered(lint.events)).toBeLessThan(41);
  });

  test("a long lint is cancelled in the middle of SQLFluff's rules", async () => {
    const { project, worker } = await shared.begin(bigProject(0, 0));
    await worker.request("parse", {});
    const file = project.file("models/base.sql");
    // The error at its end is told before the rules run; they take seconds for this many columns.
    const columns = Array.from({ length: 900 }, (_, i) => `1 AS column_${i}`).join(",\n");
    const lint = worker.ask("lint", {
      paths: [file],
      texts: { [file]: `select\n${columns}\n;\nselect from from\n` },
      interactive: true,
    });
    lint.answer.catch(() => undefined);
    await lint.first((event) => event.event === "wave");
    const start = performance.now();
    worker.notify("cancel", { id: lint.id });
    await expect(lint.answer).rejects.toMatchObject({ detail: { kind: "cancelled" } });
    expect(answered(lint.events)).toBe(0);
    expect(performance.now() - start).toBeLessThan(1500);
    expect((await worker.lint(file)).issues).toEqual([]);
  });

  onLinux("the end of stdin in the middle of a lint of the project ends every process", async () => {
    const { worker } = await shared.begin(bigProject(40, 200));
    const { children } = await startProjectLint(worker);
    worker.process.stdin?.end();
    expect(await worker.exited).toBe(0);
    await ended(children);
  });
});

onLinux("kill -9 of the worker, or of what started it, ends every process", async () => {
  await using project = await dbtProject({ ".sqlfluff": sqlfluffConfig, ...bigProject(40, 0) });
  for (const victim of ["worker", "parent"] as const) {
    await using worker = await startWorker({ projectDir: project.dir, through: ["-c", relay] });
    expect(worker.hello.pid).not.toBe(worker.process.pid);
    const { children } = await startProjectLint(worker);
    process.kill(victim === "worker" ? worker.hello.pid : Number(worker.process.pid), "SIGKILL");
    await ended([...children, worker.hello.pid]);
  }
});
