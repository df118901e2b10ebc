import * as z from "zod";
import { timed } from "./waits.ts";
import { runnerAddressVariable, type Page } from "../bridge.ts";

const answerSchema = z.object({ result: z.unknown().optional(), error: z.string().optional() });

/** The page, as a test sees it: every call goes to the runner, which holds the browser. */
export const page = new Proxy({} as Page, {
  get:
    (_target, verb) =>
    (...args: string[]) =>
      timed(`${String(verb)}(${args.join(", ")})`, async () => {
        const response = await fetch(`${process.env[runnerAddressVariable] ?? ""}/page`, {
          method: "POST",
          body: JSON.stringify({ verb, args }),
        });
        const { result, error } = answerSchema.parse(await response.json());
        if (error !== undefined) throw new Error(error);
        return result;
      }),
});
