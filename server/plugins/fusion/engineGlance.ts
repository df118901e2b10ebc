import { access, mkdir, rm } from "node:fs/promises";
import path from "node:path";
import PQueue from "p-queue";
import type { ProjectConfig } from "../../config/projectConfig.ts";
import type { RedactingLog } from "../../platform/log.ts";
import { isInside } from "../../platform/paths.ts";
import type { Call } from "../dbtPlugin.ts";
import { DbtCancelledError } from "../errors.ts";
import type { Ready } from "./engineCheck.ts";
import type { SaidDiagnostic } from "./engineEvents.ts";
import { namedIn, ProjectNames } from "./projectNames.ts";
import { runEngine } from "./runEngine.ts";
import { ShadowProject } from "./shadowProject.ts";

/**
 * Codes whose truth is in the one file and what it names: an unknown ref or source, an unknown key of its configuration, a
 * mangled ref, Jinja that does not render or parse. Of others a glance says nothing.
 */
export const glancedCodes: ReadonlySet<string> = new Set([
  "dbt1048",
  "dbt1060",
  "dbt1069",
  "dbt1501",
  "dbt1502",
]);

const unknownName = "dbt1048";

/**
 * A first look at one file while the whole project is checked beside it, several times sooner: the engine loads only that
 * file's node and what it names. It has a copy of the project and a target of its own, because a partial load leaves another
 * cache behind than a whole check can use.
 */
export class EngineGlance {
  readonly #shadow: ShadowProject;
  readonly #targetDir: string;
  readonly #log: RedactingLog;
  readonly #queue = new PQueue({ concurrency: 1 });
  readonly #names = new ProjectNames();
  #engine = "";
  #preparing = false;
  #isPrepared = false;

  constructor(dir: string, projectDir: string, log: RedactingLog) {
    this.#shadow = new ShadowProject(path.join(dir, "project"), projectDir);
    this.#targetDir = path.join(dir, "target");
    this.#log = log;
  }

  /** Folder the engine's paths are relative to. */
  get dir(): string {
    return this.#shadow.dir;
  }

  /** Reads the project once, so that from then on a glance has something to load from. Without effect the second time. */
  async prepare(ready: Ready, call: Call): Promise<void> {
    if (!ready.engine.features.has("partialLoad") || this.#preparing || this.#knows(ready)) return;
    this.#preparing = true;
    try {
      await this.#queue.add(async () => {
        // Another version reads another cache.
        if (this.#isPrepared) await rm(this.#targetDir, { recursive: true, force: true, maxRetries: 5 });
        await mkdir(this.#targetDir, { recursive: true });
        await this.#shadow.sync(ready.environment.config, new Map());
        await this.#names.read(this.#shadow.dir, this.#shadow.files());
        await this.#names.readPackages(ready.environment.config);
        await this.#parse(ready, [], call);
        // A project with mistakes is read all the same.
        await access(path.join(this.#targetDir, "metadata"));
        this.#engine = nameOf(ready);
        this.#isPrepared = true;
      });
    } finally {
      this.#preparing = false;
    }
  }

  /**
   * @returns what the engine says of the file as far as `glancedCodes` go; null where only the whole check can tell
   * @throws DbtError where the engine could not do its job
   */
  async glance(
    ready: Ready,
    texts: ReadonlyMap<string, string>,
    filePath: string,
    call: Call,
  ): Promise<SaidDiagnostic[] | null> {
    const { config } = ready.environment;
    const text = texts.get(filePath);
    if (text === undefined || !this.#knows(ready) || !isNode(filePath, config)) return null;
    return this.#queue.add(async () => {
      if (call.signal?.aborted) throw new DbtCancelledError("Cancelled.");
      await this.#names.read(this.#shadow.dir, await this.#shadow.sync(config, texts));
      const relative = path.relative(config.projectDir, filePath).split(path.sep).join("/");
      const { refs, sources } = namedIn(text);
      // A name that is not there makes the engine load all of the project.
      const asked = new Set(
        [...refs, ...sources].filter((name) => name.split(".").every((part) => this.#names.has(part))),
      );
      const selection = [...asked].map((name) => (sources.has(name) ? `source:${name}` : name));
      const { diagnostics } = await this.#parse(
        ready,
        [`--select=${[`path:${relative}`, ...selection].join(" ")}`, "--partial-load"],
        call,
      );
      const said = diagnostics.filter(
        ({ file, code }) =>
          file !== null && path.normalize(file) === path.normalize(relative) && glancedCodes.has(code),
      );
      const isSure = said.every(
        ({ code, message }) => code !== unknownName || isUnknown(message, asked, this.#names),
      );
      return isSure ? said : null;
    });
  }

  /** Resolves when nothing runs. */
  async idle(): Promise<void> {
    await this.#queue.onIdle();
  }

  #knows(ready: Ready): boolean {
    return this.#isPrepared && this.#engine === nameOf(ready);
  }

  async #parse(ready: Ready, args: readonly string[], { signal }: Call) {
    const command = ready.command("parse", {
      projectDir: this.#shadow.dir,
      privateDir: this.#targetDir,
      args: ["--partial-parse", "--no-write-json", ...args],
    });
    return runEngine(command, this.#log, signal ? { signal } : {});
  }
}

const nameOf = ({ engine }: Ready): string => `${engine.dbt} ${engine.version}`;

/** A path with spaces would be several selections. */
function isNode(filePath: string, { projectDir, paths }: ProjectConfig): boolean {
  if (/\s/.test(path.relative(projectDir, filePath))) return false;
  const roots = [...paths.models, ...paths.snapshots, ...paths.tests, ...paths.analyses];
  return /\.sql$/i.test(filePath) && roots.some((root) => isInside(filePath, root));
}

/**
 * Whether an unknown ref or source is one. Only what the engine was asked to load was loaded: another name of the project is
 * unknown to it although it is there.
 */
function isUnknown(message: string, asked: ReadonlySet<string>, names: ProjectNames): boolean {
  const name = /^(?:Ref|Source) '([^']+)' not found/.exec(message)?.[1];
  return name !== undefined && (asked.has(name) || !name.split(".").every((part) => names.has(part)));
}
