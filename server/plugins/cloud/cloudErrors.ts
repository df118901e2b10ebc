import type { Remedy } from "../../../protocol/runtime.ts";
import { HttpFailure } from "../../platform/http.ts";
import {
  DbtAuthenticationError,
  DbtCancelledError,
  DbtConfigurationError,
  DbtExecutionError,
  DbtUnavailableError,
  type DbtError,
} from "../errors.ts";

export const signInRemedy: Remedy = { title: "Sign in to dbt Cloud", command: "floeDbt.signIn" };
const manifestRemedy: Remedy = { title: "Show Problems", command: "workbench.actions.view.problems" };

/** What was asked for is not there, or the token may not see it: dbt Cloud says the same of both. */
export class CloudNotFoundError extends DbtExecutionError {}

/** dbt Cloud may or may not have done what was asked: nobody may just ask again. */
export class CloudUncertainError extends DbtUnavailableError {}

/** An answer that is an error in itself: asking again would give the same. Null where it may pass. */
export function finalError(status: number, said: string, host: string): DbtError | null {
  const words = said === "" ? "" : ` It says: ${said}`;
  switch (status) {
    case 401:
      return new DbtAuthenticationError(`dbt Cloud (${host}) does not accept the token.${words}`, {
        remedy: signInRemedy,
      });
    case 403:
      return new DbtAuthenticationError(
        `The token may not do this in dbt Cloud (${host}): another account, or a permission is missing.${words}`,
        { remedy: signInRemedy },
      );
    case 404:
      return new CloudNotFoundError(
        `dbt Cloud (${host}) has no such thing, or the token may not see it.${words}`,
      );
    default:
      if (status === 408 || status === 429 || status >= 500) return null;
      return new DbtExecutionError(`dbt Cloud (${host}) refused the request (${status}).${words}`);
  }
}

/** @returns null where another attempt may work */
export function finalFailure(failure: HttpFailure, host: string): DbtError | null {
  switch (failure.reason) {
    case "aborted":
      return new DbtCancelledError("Cancelled.");
    case "redirected":
      return new DbtConfigurationError(
        `${failure.message}, which is not followed: the token would go with it. Is base_url right?`,
        { remedy: manifestRemedy },
      );
    case "insecure":
      return new DbtUnavailableError(
        `dbt Cloud (${host}): ${failure.message}. Check the host's prefix and region in base_url, and your proxy's certificates.`,
        { cause: failure },
      );
    case "tooLarge":
      return new DbtExecutionError(`dbt Cloud (${host}): ${failure.message}.`);
    case "notFound":
    case "refused":
    case "deadline":
    case "broken":
      return null;
  }
}

/** What the Discovery API objects to in an answer of status 200. Null where it may pass. */
export function discoveryError(
  error: { extensions?: { code?: string | null | undefined } | null | undefined },
  said: string,
  host: string,
): DbtError | null {
  const code = error.extensions?.code ?? "";
  if (code === "INTERNAL_SERVER_ERROR" || code.includes("TIMEOUT")) return null;
  if (/UNAUTHENTICATED|FORBIDDEN/.test(code) || /permission|authori[sz]ed|forbidden/i.test(said)) {
    return new DbtAuthenticationError(
      `The token may not read this from the Discovery API (${host}). It says: ${said}`,
      { remedy: signInRemedy },
    );
  }
  return new DbtExecutionError(`dbt Cloud's Discovery API (${host}) says: ${said}`);
}

export function notTheApi(host: string): DbtError {
  return new DbtConfigurationError(
    `${host} answers with a web page instead of dbt Cloud's API. Is base_url right? It is the address your browser shows in dbt Cloud.`,
    { remedy: manifestRemedy },
  );
}
