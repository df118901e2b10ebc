import type { RequestType } from "vscode-languageserver-protocol";
import * as z from "zod";
import { treeGroupings } from "./manifest.ts";
import { jobKinds } from "./remote.ts";
import * as requests from "./requests.ts";
import { runVerbs } from "./run.ts";
import { runtimeNames } from "./runtime.ts";

/** What a client may send with each of our requests. Any editor may send anything, so all of it is checked on its way in. */

/** Every key has a schema, for what has none is dropped; one that may be absent has a schema that says so. */
type Shape<Params> = {
  [Key in keyof Params]-?: object extends Pick<Params, Key>
    ? z.ZodType<Params[Key] | undefined>
    : z.ZodType<Params[Key]>;
};

function takes<Params, Result>(
  { method }: RequestType<Params, Result, void>,
  shape: Shape<Params>,
): [method: string, schema: z.ZodObject] {
  return [method, z.object(shape)];
}

const text = z.string();
const maybeText = text.optional();
const line = (max: number) =>
  text.max(max).refine((value) => !value.includes("\u0000"), "Invalid input: there is a NUL character in it");
const whole = z.int().min(0);
const limit = z.int().min(1);
const workDoneToken = z.union([text, z.int()]).optional();
const ofAny = { projectDir: maybeText };
const ofProject = { projectDir: text };
const ofDocument = { uri: text };

/** Of every request that the server answers. */
export const paramsSchemas: ReadonlyMap<string, z.ZodObject> = new Map([
  takes(requests.statusRequest, {}),
  takes(requests.doctorRequest, { ...ofAny, workDoneToken }),
  takes(requests.lintProjectRequest, { ...ofAny, workDoneToken }),
  takes(requests.lintDocumentRequest, ofDocument),
  takes(requests.fixProjectRequest, { ...ofAny, workDoneToken }),
  takes(requests.fixDocumentRequest, { ...ofDocument, rules: z.array(text).optional() }),
  takes(requests.setUpEnvironmentRequest, { ...ofAny, workDoneToken }),
  takes(requests.restartProjectRequest, { ...ofAny, workDoneToken }),
  takes(requests.startRunRequest, {
    ...ofProject,
    verb: z.enum(runVerbs),
    select: line(100_000).optional(),
    exclude: line(100_000).optional(),
    fullRefresh: z.boolean().optional(),
    vars: line(100_000).optional(),
    flags: z.array(line(10_000)).max(200).optional(),
    title: line(1000).optional(),
  }),
  takes(requests.cancelRunRequest, { id: text }),
  takes(requests.runsRequest, ofAny),
  takes(requests.runLogRequest, { id: text, uniqueId: maybeText }),
  takes(requests.clearRunsRequest, ofAny),
  takes(requests.compileTextRequest, { ...ofDocument, text: maybeText }),
  takes(requests.storedSqlRequest, {
    ...ofAny,
    uri: maybeText,
    uniqueId: maybeText,
    of: z.enum(["compiled", "run"]),
  }),
  takes(requests.previewRequest, {
    ...ofDocument,
    selection: maybeText,
    cte: maybeText,
    position: z.object({ line: whole, character: whole }).optional(),
    limit,
    workDoneToken,
  }),
  takes(requests.failingRowsRequest, { ...ofProject, uniqueId: text, limit }),
  takes(requests.manifestInfoRequest, {}),
  takes(requests.treeRequest, {
    ...ofProject,
    parent: maybeText,
    grouping: z.enum(treeGroupings),
    filter: maybeText,
  }),
  takes(requests.treePathRequest, { ...ofDocument, grouping: z.enum(treeGroupings) }),
  [
    requests.nodeRequest.method,
    z
      .object({ uri: maybeText, projectDir: maybeText, uniqueId: maybeText })
      .refine(
        ({ uri, uniqueId }) => uri !== undefined || uniqueId !== undefined,
        "a uri or a uniqueId is needed",
      ),
  ],
  takes(requests.testsRequest, ofProject),
  takes(requests.completeSelectorRequest, { ...ofProject, text, offset: whole }),
  takes(requests.dataProductsRequest, ofProject),
  takes(requests.selectRuntimeRequest, {
    ...ofProject,
    runtime: z.enum(runtimeNames),
    where: z.enum(["manifest", "setting"]),
    workDoneToken,
  }),
  takes(requests.compareEnvironmentsRequest, {
    ...ofProject,
    left: z.enum(runtimeNames),
    right: z.enum(runtimeNames),
    changedOnly: z.boolean().optional(),
    workDoneToken,
  }),
  takes(requests.targetsRequest, ofProject),
  takes(requests.signInRequest, { ...ofProject, token: text }),
  takes(requests.signOutRequest, ofProject),
  takes(requests.remoteRequest, { ...ofProject, again: z.boolean().optional() }),
  takes(requests.remoteRunRequest, { ...ofProject, runId: text }),
  takes(requests.remoteTextRequest, {
    ...ofProject,
    runId: text,
    step: whole.optional(),
    artifact: maybeText,
  }),
  takes(requests.remoteActionRequest, { ...ofProject, runId: text, action: z.enum(["cancel", "retry"]) }),
  takes(requests.chooseJobRequest, { ...ofProject, kind: z.enum(jobKinds), jobId: text.nullable() }),
]);
