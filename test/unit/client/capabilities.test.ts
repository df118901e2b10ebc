import { describe, expect, it } from "vitest";
import { can, cannot, needOf, projectCapabilities } from "../../../protocol/capabilities.ts";
import { commandFacts } from "../../../client/commands/list.ts";

describe("what an environment can do", () => {
  it("is what it says, and anything where it has not said", () => {
    expect(can({ capabilities: ["build"] }, "build")).toBe(true);
    expect(can({ capabilities: ["build"] }, "deps")).toBe(false);
    expect(can({}, "deps")).toBe(true);
  });

  it("is needed by what goes beyond compile, run and test", () => {
    expect(needOf({ verb: "run", select: "orders" })).toBeUndefined();
    expect(needOf({ verb: "compile" })).toBeUndefined();
    expect(needOf({ verb: "compile", select: "orders" })).toBe("compileSelection");
    expect(needOf({ verb: "deps" })).toBe("deps");
  });

  it("is said in one sentence where a command needs it", () => {
    expect(cannot("cloud", "deps")).toBe("The cloud environment cannot install packages.");
    for (const { needs } of Object.values(commandFacts)) {
      if (needs === undefined) continue;
      expect(projectCapabilities).toContain(needs);
      expect(cannot("cloud", needs)).not.toMatch(/do that/);
    }
  });
});
