import { LSPErrorCodes, ResponseError } from "vscode-languageserver/node";
import {
  chooseJobRequest,
  remoteActionRequest,
  remoteRequest,
  remoteRunRequest,
  remoteTextRequest,
  signInRequest,
  signOutRequest,
} from "../../protocol/requests.ts";
import type { ProjectRef, RemoteEnvironment } from "../plugins/dbtPlugin.ts";
import type { Feature, ServerContext } from "./feature.ts";
import { signalOf } from "./guard.ts";
import { projectsOf } from "./projectCommands.ts";

const signInRemedy = { title: "Sign In", command: "floeDbt.signIn" };

/** Environments that run elsewhere: signing in, jobs and runs there. */
export const remote: Feature = {
  register(context) {
    const { answer } = context;
    answer(signInRequest, "Signing in", async ({ projectDir, token }) => {
      const { its, ref } = await remoteOf(context, projectDir);
      return its.signIn(ref, token);
    });
    answer(signOutRequest, "Signing out", async ({ projectDir }) => {
      const { its, ref } = await remoteOf(context, projectDir);
      return its.signOut(ref);
    });
    answer(remoteRequest, "Looking at the environment", async ({ projectDir, again = false }, token) => {
      const [project] = await projectsOf(context, { projectDir });
      const its = project?.plugin().remote;
      if (!project || !its) return null;
      const overview = await its.overview(project.ref, { signal: signalOf(token) }, again);
      const { state, message, host } = overview;
      context.projects.live(
        project.dir,
        state === "ready"
          ? { state }
          : {
              state: "degraded",
              reason: message ?? `Nobody is signed in to ${host}.`,
              remedy: signInRemedy,
            },
      );
      // What the environment's newest run has made of the project is what there is to browse.
      if (state === "ready") context.manifests.at(project.dir)?.updateLive();
      return overview;
    });
    answer(remoteRunRequest, "Looking at a run", async ({ projectDir, runId }, token) => {
      const { its, ref } = await remoteOf(context, projectDir);
      return its.run(ref, runId, { signal: signalOf(token) });
    });
    answer(remoteTextRequest, "Reading from a run", async ({ projectDir, runId, step, artifact }) => {
      const { its, ref } = await remoteOf(context, projectDir);
      return {
        text: await its.text(ref, runId, step === undefined ? { artifact: artifact ?? "" } : { step }),
      };
    });
    answer(remoteActionRequest, "Changing a run", async ({ projectDir, runId, action }) => {
      const { its, ref } = await remoteOf(context, projectDir);
      return { message: await (action === "cancel" ? its.cancel(ref, runId) : its.retry(ref, runId)) };
    });
    answer(chooseJobRequest, "Choosing a job", async ({ projectDir, kind, jobId }) => {
      const { its, ref } = await remoteOf(context, projectDir);
      await its.chooseJob(ref, kind, jobId);
      return null;
    });
  },
};

async function remoteOf(
  context: ServerContext,
  projectDir: string,
): Promise<{ its: RemoteEnvironment; ref: ProjectRef }> {
  const [project] = await projectsOf(context, { projectDir });
  const its = project?.plugin().remote;
  if (project && its) return { its, ref: project.ref };
  throw new ResponseError(
    LSPErrorCodes.RequestFailed,
    "This project's environment runs here: there is nothing to sign in to. Switch the project to dbt Cloud first.",
  );
}
