import * as z from "zod";
import { runnerAddressVariable, type Page } from "../bridge.ts";

const answerSchema = z.object({ result: z.unknown().optional(), error: z.string().optional() });

/** The page, as a test sees it: every call goes to the runner, which holds the browser. */
export const page = new Proxy({} as Page, {
  get:
    (_target, verb) =>
    async (...args: string[]) => {
      const response = await fetch(`${process.env[runnerAddressVariable] ?? ""}/page`, {
        method: "POST",
        body: JSON.stringify({ verb, args }),
      });
      const { result, error } = answerSchema.parse(await response.json());
      if (error !== undefined) throw new Error(error);
      return result;
    },
});
