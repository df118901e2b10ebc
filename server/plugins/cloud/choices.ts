import { mkdir, readFile, rename, writeFile } from "node:fs/promises";
import path from "node:path";
import * as z from "zod";
import type { JobKind } from "../../../protocol/remote.ts";

const choicesSchema = z.record(
  z.string(),
  z.object({
    jobs: z
      .object({ compile: z.string().optional(), run: z.string().optional(), test: z.string().optional() })
      .optional(),
    /** Somebody has agreed that commands of this project run there. */
    agreed: z.boolean().optional(),
  }),
);
type Choice = z.output<typeof choicesSchema>[string];

/** What a person has chosen for a project: jobs, and that commands may run there. Kept in a file of ours. */
export class Choices {
  readonly #file: string;
  #last: Promise<unknown> = Promise.resolve();

  constructor(storageDir: string) {
    this.#file = path.join(storageDir, "cloud", "choices.json");
  }

  async of(projectDir: string): Promise<Choice> {
    await this.#last;
    return (await this.#read())[projectDir] ?? {};
  }

  chooseJob(projectDir: string, kind: JobKind, jobId: string | null): Promise<void> {
    return this.#change(projectDir, (choice) => ({
      ...choice,
      jobs: { ...choice.jobs, [kind]: jobId ?? undefined },
    }));
  }

  agree(projectDir: string): Promise<void> {
    return this.#change(projectDir, (choice) => ({ ...choice, agreed: true }));
  }

  #change(projectDir: string, change: (choice: Choice) => Choice): Promise<void> {
    const changing = this.#last.then(async () => {
      const all = await this.#read();
      all[projectDir] = change(all[projectDir] ?? {});
      await mkdir(path.dirname(this.#file), { recursive: true });
      const partial = `${this.#file}.${process.pid}.part`;
      await writeFile(partial, JSON.stringify(all, null, 2));
      await rename(partial, this.#file);
    });
    this.#last = changing.catch(() => undefined);
    return changing;
  }

  async #read(): Promise<z.output<typeof choicesSchema>> {
    try {
      return choicesSchema.parse(JSON.parse(await readFile(this.#file, "utf8")));
    } catch {
      return {};
    }
  }
}
