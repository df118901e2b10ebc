import { mkdir, readFile, rm } from "node:fs/promises";
import path from "node:path";
import PQueue from "p-queue";
import type { RedactingLog } from "../../platform/log.ts";
import type { Call } from "../dbtPlugin.ts";
import { DbtCancelledError } from "../errors.ts";
import { driverProblem } from "./driverProblem.ts";
import { engineFailure } from "./engineFailure.ts";
import type { EngineOutcome, SaidDiagnostic } from "./engineEvents.ts";
import type { FusionEnvironment } from "./fusionEnvironment.ts";
import type { EngineFacts } from "./probeEngine.ts";
import { runEngine, type EngineCommand, type EngineVerb } from "./runEngine.ts";
import { ShadowProject } from "./shadowProject.ts";

export interface Ready {
  environment: FusionEnvironment;
  engine: EngineFacts;
  command: (verb: EngineVerb, more?: Partial<EngineCommand>) => EngineCommand;
}

export interface Checked {
  /** What the engine says of the whole project. */
  parse: SaidDiagnostic[];
  /** What it says of the one node that was compiled. */
  node: SaidDiagnostic[];
  /** More than are kept. */
  dropped: number;
  /** Compiled SQL of the node; null where it does not compile. */
  sql: string | null;
  uniqueId: string | null;
  name: string | null;
  /** Folder the engine's paths are relative to. */
  base: string;
}

/** What was said of one node. */
type CompiledPart = Omit<Checked, "parse" | "dropped">;

/** Commands of the linter take fewer options. */
const ofLinter: ReadonlySet<EngineVerb> = new Set<EngineVerb>(["lint", "format"]);

/** Codes that say a selection was empty: a file that is no node, such as a macro. */
const emptySelection = new Set(["dbt1092", "dbt1601"]);

/**
 * The engine on a copy of the project with a target of its own: what is typed is checked and compiled there, whatever
 * runs on the user's target meanwhile. One command after another; each reads only what changed since the one before.
 */
export class EngineCheck {
  readonly #shadow: ShadowProject;
  readonly #privateDir: string;
  readonly #log: RedactingLog;
  readonly #queue = new PQueue({ concurrency: 1 });
  /** The engine's last word on the project, and the nodes compiled since. */
  #last: {
    parse: SaidDiagnostic[];
    dropped: number;
    nodes: Map<string, CompiledPart>;
  } | null = null;
  /** What was last said of each node, whatever is typed since. */
  readonly #nodeSaid = new Map<string, SaidDiagnostic[]>();
  #engineStamp = "";

  constructor(dir: string, projectDir: string, log: RedactingLog) {
    this.#shadow = new ShadowProject(path.join(dir, "project"), projectDir);
    this.#privateDir = path.join(dir, "target");
    this.#log = log;
  }

  get dir(): string {
    return this.#shadow.dir;
  }
  get targetDir(): string {
    return this.#privateDir;
  }

  /**
   * @param file absolute path of the file whose node is compiled as well; the project alone is checked where absent
   * @throws DbtError where the engine could not do its job
   */
  check(
    ready: Ready,
    texts: ReadonlyMap<string, string>,
    file: string | null,
    call: Call = {},
  ): Promise<Checked> {
    return this.#inTurn(call, () => this.#check(ready, texts, file, call));
  }

  /** What the last check that compiled a file's node found then, beyond what its parse says. */
  saidOfNode(filePath: string): readonly SaidDiagnostic[] {
    return this.#nodeSaid.get(path.relative(this.#shadow.projectDir, filePath)) ?? [];
  }

  /** Where the copy has a file of the project. */
  copyOf(filePath: string): string {
    return path.join(this.#shadow.dir, path.relative(this.#shadow.projectDir, filePath));
  }

  /**
   * Lets a command that writes do so with the copy of one file. The copy is made anew afterwards.
   * @returns the file's text before and after
   */
  rewrite(
    ready: Ready,
    texts: ReadonlyMap<string, string>,
    filePath: string,
    verb: EngineVerb,
    options: readonly string[],
    call: Call,
  ): Promise<{ outcome: EngineOutcome; before: string | null; after: string | null }> {
    return this.#inTurn(call, async () => {
      await this.#sync(ready, texts);
      this.#last = null;
      const copy = this.copyOf(filePath);
      const read = (): Promise<string | null> => readFile(copy, "utf8").catch(() => null);
      const before = await read();
      try {
        const command = this.#command(ready, verb, { args: [...options, copy] });
        const outcome = await runEngine(command, this.#log, call);
        return { outcome, before, after: await read() };
      } finally {
        this.#shadow.forget(filePath);
      }
    });
  }

  /** Runs another command on the copy, with `texts`. */
  run(
    ready: Ready,
    texts: ReadonlyMap<string, string>,
    verb: EngineVerb,
    more: Partial<EngineCommand>,
    call: Call,
  ): Promise<EngineOutcome> {
    return this.#inTurn(call, async () => {
      const changed = await this.#sync(ready, texts);
      if (changed) this.#last = null;
      return runEngine(this.#command(ready, verb, more), this.#log, call);
    });
  }

  /** Rows of the node that a file defines, with `texts`, and the SQL that ran. */
  show(
    ready: Ready,
    texts: ReadonlyMap<string, string>,
    relative: string,
    limit: number,
    call: Call,
  ): Promise<{ outcome: EngineOutcome; sql: string | null }> {
    return this.#inTurn(call, async () => {
      await this.#sync(ready, texts);
      // What it says of the project now goes unheard.
      this.#last = null;
      const { config } = ready.environment;
      const compiledFile = path.join(this.#privateDir, "compiled", config.name, relative);
      await rm(compiledFile, { force: true, recursive: true });
      const selection = { select: `path:${relative.split(path.sep).join("/")}` };
      const args = [`--limit=${limit}`, "--output=json", "--indirect-selection=empty"];
      const outcome = await runEngine(this.#command(ready, "show", { selection, args }), this.#log, call);
      return { outcome, sql: await readFile(compiledFile, "utf8").catch(() => null) };
    });
  }

  async #inTurn<T>({ signal }: Call, work: () => Promise<T>): Promise<T> {
    return this.#queue.add(() => {
      if (signal?.aborted) throw new DbtCancelledError("Cancelled.");
      return work();
    });
  }

  /** @returns whether anything is other than before */
  async #sync({ environment, engine }: Ready, texts: ReadonlyMap<string, string>): Promise<boolean> {
    await mkdir(this.#privateDir, { recursive: true });
    const stamp = `${engine.dbt} ${engine.version}`;
    if (this.#engineStamp !== "" && this.#engineStamp !== stamp) {
      // Another version reads another cache.
      await rm(this.#privateDir, { recursive: true, force: true, maxRetries: 5 });
      await mkdir(this.#privateDir, { recursive: true });
      this.#last = null;
    }
    this.#engineStamp = stamp;
    const changed = await this.#shadow.sync(environment.config, texts);
    return changed.length > 0;
  }

  #command({ engine, command }: Ready, verb: EngineVerb, more: Partial<EngineCommand> = {}): EngineCommand {
    const { args = [], ...rest } = more;
    return command(verb, {
      projectDir: this.#shadow.dir,
      privateDir: this.#privateDir,
      args: [
        ...(engine.features.has("partialParse") && !ofLinter.has(verb) ? ["--partial-parse"] : []),
        ...(ofLinter.has(verb) ? [] : ["--no-write-json"]),
        ...args,
      ],
      ...rest,
    });
  }

  async #check(
    ready: Ready,
    texts: ReadonlyMap<string, string>,
    file: string | null,
    call: Call,
  ): Promise<Checked> {
    const { config } = ready.environment;
    const base = this.#shadow.dir;
    const changed = await this.#sync(ready, texts);
    if (changed) this.#last = null;
    const relative = file === null ? null : path.relative(config.projectDir, file);
    const isNode = relative !== null && /\.(sql|py)$/i.test(relative);
    const nothing = { node: [], sql: null, uniqueId: null, name: null, base };
    if (this.#last) {
      const known = relative === null ? nothing : this.#last.nodes.get(relative);
      const { parse, dropped } = this.#last;
      if (known ?? !isNode) return { ...nothing, ...known, parse, dropped };
    } else if (!changed) {
      // It would only say that nothing changed.
      await this.#shadow.touch();
    }

    const knows = this.#last;
    this.#last = null;
    const compiledFile =
      relative === null ? null : path.join(this.#privateDir, "compiled", config.name, relative);
    if (isNode && compiledFile !== null) await rm(compiledFile, { force: true, recursive: true });
    const outcome = isNode
      ? await runEngine(
          this.#command(ready, "compile", {
            selection: { select: `path:${relative.split(path.sep).join("/")}` },
            args: ["--indirect-selection=empty"],
          }),
          this.#log,
          { ...(call.signal && { signal: call.signal }) },
        )
      : await runEngine(this.#command(ready, "parse"), this.#log, {
          ...(call.signal && { signal: call.signal }),
        });
    if (outcome.exitCode !== 0 && outcome.diagnostics.length === 0) {
      throw engineFailure(isNode ? "compile" : "parse", outcome, config, base);
    }
    // What keeps one node from being compiled takes nothing away from the rest.
    const said = outcome.diagnostics
      .filter(({ code }) => !emptySelection.has(code))
      .map((each) => ({ ...each, message: driverProblem(each.message)?.message ?? each.message }));
    // What it stands on, if ephemeral, is compiled with it.
    const one = [...outcome.nodes.values()].find(
      ({ path: its }) => its !== null && relative !== null && path.normalize(its) === relative,
    );
    const node = {
      node: said.filter(({ uniqueId }) => uniqueId !== null),
      sql: compiledFile === null ? null : await compiledText(compiledFile, one?.name ?? ""),
      uniqueId: one?.uniqueId ?? null,
      name: one?.name ?? null,
      base,
    };
    // Asked a second time about the same files, it repeats nothing, and stumbles over what it left out the first time.
    const parse = knows ? knows.parse : said.filter(({ uniqueId }) => uniqueId === null);
    const dropped = knows ? knows.dropped : outcome.diagnosticsDropped;
    this.#last = { parse, dropped, nodes: knows?.nodes ?? new Map<string, CompiledPart>() };
    if (relative !== null) {
      this.#last.nodes.set(relative, node);
      this.#nodeSaid.set(relative, node.node);
    }
    return { ...node, parse, dropped };
  }

  /** Resolves when nothing runs. */
  async idle(): Promise<void> {
    await this.#queue.onIdle();
  }
}

/** A snapshot's SQL is in a folder of its file's name. */
async function compiledText(file: string, node: string): Promise<string | null> {
  const read = (each: string): Promise<string | null> => readFile(each, "utf8").catch(() => null);
  return (await read(file)) ?? (await read(path.join(file, `${node}.sql`)));
}
