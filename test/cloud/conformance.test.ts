import { describe, expect, test } from "vitest";
import { hasOpenApi, openApi } from "../harness/cloudEmulator/conformance.ts";
import { CloudEmulator, emulatedToken } from "../harness/cloudEmulator/emulator.ts";

/** The documents of dbt Cloud's API against which the emulator holds every request and answer: that they find something. */

const account = "https://x.example/api/v2/accounts/7/";
const runsUrl = new URL(`${account}runs/5/`);

describe.runIf(hasOpenApi)("the documents object to", () => {
  const api = openApi()!;
  const status = { code: 200, is_success: true, user_message: "", developer_message: null };

  test("an answer of a wrong type, and none to nulls", () => {
    const dates = { created_at: null, updated_at: null };
    const answer = (data: unknown) => api.answer("GET", runsUrl, { status, data });
    expect(answer({ ...dates, id: 5, status: 10, git_sha: null })).toBeNull();
    expect(answer({ ...dates, id: 5, status: "abc" })).toContain("status");
    expect(api.answer("GET", runsUrl, { status })).toContain("data");
  });

  test("a request with a typing mistake, null where a list belongs, or a path without its last slash", () => {
    const trigger = (body: object) => api.request("POST", new URL(`${account}jobs/5/run/`), body);
    expect(trigger({ cause: "x", steps_override: ["dbt run"] })).toBeNull();
    expect(trigger({ cause: "x", steps_override: null })).toContain("steps_override");
    expect(trigger({ cause: "x", step_override: [] })).toContain("step_override");
    expect(trigger({})).toContain("cause");
    expect(api.request("GET", new URL(`${account}runs/5`), undefined)).toContain("no such path");
    expect(api.request("GET", new URL(`${account}runs/?limit=many`), undefined)).toContain("limit");
  });

  test("what the emulator itself is asked wrongly", async () => {
    await using emulator = await CloudEmulator.start();
    await fetch(`${emulator.url}/api/v2/accounts/70403103900042/runs/?limti=3`, {
      headers: { authorization: `Bearer ${emulatedToken}` },
    });
    expect(emulator.violations).toEqual([expect.stringContaining("limti")]);
  });
});

if (!hasOpenApi) test.skip("skipped: the OpenAPI documents are not beside the repository");
