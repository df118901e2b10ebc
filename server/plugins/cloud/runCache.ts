import { randomUUID } from "node:crypto";
import { mkdir, open, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import path from "node:path";
import * as z from "zod";
import { DbtExecutionError } from "../errors.ts";
import type { CloudAddress } from "./cloudAddress.ts";
import type { CloudCall, CloudClient } from "./cloudClient.ts";
import type { CloudRun } from "./runs.ts";
import { exists } from "../../platform/exists.ts";

/** Artifacts as dbt Cloud keeps them for each run; `compiled/...` too. */
export type CloudArtifact = "manifest.json" | "run_results.json" | "catalog.json" | "sources.json";

const metadataSchema = z.object({
  host: z.string(),
  account_id: z.string(),
  run_id: z.number(),
  job_id: z.number().nullable(),
  environment_id: z.number().nullable(),
  git_sha: z.string().nullable(),
  git_branch: z.string().nullable(),
  dbt_version: z.string().nullable(),
  /** The step the artifacts are of. */
  step: z.number().nullable(),
  /** ISO 8601. */
  finished_at: z.string().nullable(),
  fetched_at: z.string(),
});
export type CachedRun = z.output<typeof metadataSchema> & { dir: string };

export interface RunCacheOptions {
  /** FLOE_DISABLE_CACHE, --no-cache: nothing that was kept is used. */
  disabled: boolean;
  timeToLiveSeconds: number;
  now: () => number;
}

/**
 * What was fetched of runs, in `.floe/dbt-cloud-cache/{run_id}/` of the project (ADR-0043): a run that has ended does not
 * change, so its files need not be fetched twice. `metadata.json` says whose run it is: a folder of another host or account with
 * the same number is not taken for it. Every file appears whole or not at all.
 */
export class RunCache {
  readonly root: string;
  readonly #options: RunCacheOptions;

  constructor(projectDir: string, options: RunCacheOptions) {
    this.root = path.join(projectDir, ".floe", "dbt-cloud-cache");
    this.#options = options;
  }

  /** The folder of a run, with its metadata, ready for its artifacts. */
  async folder(address: CloudAddress, run: CloudRun, step: number | null): Promise<string> {
    const wanted = { host: address.host, account_id: address.accountId, run_id: run.id };
    const dir = await this.#free(wanted);
    const known = await readMetadata(dir);
    if (known && (this.#options.disabled || known.step !== step || this.isExpired(known)))
      await rm(dir, { recursive: true, force: true, maxRetries: 3 });
    await mkdir(dir, { recursive: true });
    await writeWhole(path.join(this.root, ".gitignore"), "*\n");
    await writeWhole(
      path.join(dir, "metadata.json"),
      JSON.stringify(
        {
          ...wanted,
          job_id: run.job_definition_id ?? null,
          environment_id: run.environment_id ?? null,
          git_sha: run.git_sha ?? null,
          git_branch: run.git_branch ?? null,
          dbt_version: run.dbt_version ?? null,
          step,
          finished_at: run.finished_at ?? null,
          fetched_at: new Date(this.#options.now()).toISOString(),
        } satisfies z.output<typeof metadataSchema>,
        null,
        2,
      ),
    );
    return dir;
  }

  /** Runs whose manifest is kept for this account, newest run first, also those past their time. */
  async kept(address: CloudAddress): Promise<CachedRun[]> {
    if (this.#options.disabled) return [];
    const names = await readdir(this.root).catch(() => []);
    const runs = await Promise.all(
      names.map(async (name) => {
        const dir = path.join(this.root, name);
        const metadata = await readMetadata(dir);
        return metadata && (await exists(path.join(dir, "manifest.json"))) ? { ...metadata, dir } : null;
      }),
    );
    return runs
      .filter((run) => run !== null)
      .filter((run) => run.host === address.host && run.account_id === address.accountId)
      .toSorted((a, b) => b.run_id - a.run_id);
  }

  isExpired(run: Pick<CachedRun, "fetched_at">): boolean {
    return this.#options.now() - Date.parse(run.fetched_at) > this.#options.timeToLiveSeconds * 1000;
  }

  /** Removes what is past its time, but for the newest. */
  async prune(address: CloudAddress): Promise<void> {
    const [, ...older] = await this.kept(address);
    await Promise.all(
      older
        .filter((run) => this.isExpired(run))
        .map((run) => rm(run.dir, { recursive: true, force: true, maxRetries: 3 })),
    );
  }

  async #free(wanted: { host: string; account_id: string; run_id: number }): Promise<string> {
    const plain = path.join(this.root, String(wanted.run_id));
    const known = await readMetadata(plain);
    const isOthers = known && (known.host !== wanted.host || known.account_id !== wanted.account_id);
    if (!isOthers) return plain;
    const host = wanted.host.replace(/[^\w.-]/g, "_");
    return `${plain}@${host}-${wanted.account_id}`;
  }
}

/**
 * Fetches one artifact into a folder, unless it is there. @param step null for dbt Cloud's own choice (the last one)
 * @returns its path; null where the run has none
 */
export async function fetchArtifact(
  client: CloudClient,
  dir: string,
  runId: number,
  name: CloudArtifact,
  step: number | null,
  call: CloudCall,
): Promise<string | null> {
  const filePath = path.join(dir, name);
  if (await exists(filePath)) return filePath;
  const partial = path.join(dir, `${name}.${randomUUID().slice(0, 8)}.part`);
  try {
    for (let attempt = 1; ; attempt += 1) {
      const query = step === null ? {} : { step };
      const bytes = await client.download(`v2:runs/${runId}/artifacts/${name}`, query, partial, call);
      if (bytes === null) return null;
      if (await looksWhole(partial, bytes)) break;
      if (attempt === 3) {
        throw new DbtExecutionError(
          `dbt Cloud gave a ${name} of run ${runId} that is no whole JSON, ${attempt} times.`,
        );
      }
    }
    await rename(partial, filePath);
    return filePath;
  } finally {
    await rm(partial, { force: true });
  }
}

/** Whether it begins and ends as an object does. Reading all of it would take the memory that streaming has saved. */
async function looksWhole(filePath: string, bytes: number): Promise<boolean> {
  if (bytes < 2) return false;
  const file = await open(filePath, "r");
  try {
    const span = Math.min(bytes, 256);
    const [head, tail] = [Buffer.alloc(span), Buffer.alloc(span)];
    await file.read(head, 0, span, 0);
    await file.read(tail, 0, span, bytes - span);
    return head.toString("utf8").trimStart().startsWith("{") && tail.toString("utf8").trimEnd().endsWith("}");
  } finally {
    await file.close();
  }
}

async function readMetadata(dir: string): Promise<z.output<typeof metadataSchema> | null> {
  try {
    const text = await readFile(path.join(dir, "metadata.json"), "utf8");
    return metadataSchema.parse(JSON.parse(text));
  } catch {
    return null;
  }
}

async function writeWhole(filePath: string, text: string): Promise<void> {
  const partial = `${filePath}.${randomUUID().slice(0, 8)}.part`;
  await writeFile(partial, text);
  await rename(partial, filePath);
}
