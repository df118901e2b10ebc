import { describe, expect, test } from "vitest";
import { CompiledView } from "../../../client/views/compiled/compiledView.ts";
import type { LanguageServer } from "../../../client/languageServer.ts";
import type { CompiledText } from "../../../protocol/run.ts";

type Address = ConstructorParameters<typeof CompiledView>[1];
const uri = (text: string) => ({ toString: () => text }) as unknown as Address;
const answer = (over: Partial<CompiledText>): CompiledText => ({
  sql: null,
  uniqueId: null,
  name: "orders",
  sourceLines: [],
  error: null,
  ...over,
});

/** A view as the editor has it: after each change its text is asked for. */
function opened(answers: (count: number) => Promise<CompiledText>) {
  let count = 0;
  const seen: string[] = [];
  const waiting: { for: string; done: () => void }[] = [];
  const server = { request: () => answers(++count) } as unknown as Pick<LanguageServer, "request">;
  const view = new CompiledView(server, uri("orders.sql"), uri("compiled"), () => {
    void view.provide().then((text) => {
      seen.push(text);
      for (const each of waiting) if (text.includes(each.for)) each.done();
    });
  });
  return {
    view,
    seen,
    asked: () => count,
    says: (text: string) =>
      new Promise<void>((done) => {
        waiting.push({ for: text, done });
      }),
  };
}

describe("compiled SQL of a file", () => {
  test("that does not compile is compiled once for each change, not without end", async () => {
    const wrong = (count: number) =>
      Promise.resolve(answer({ error: { message: `wrong ${count}`, line: null, column: null } }));
    const { view, asked, says } = opened(wrong);
    expect(await view.provide()).toContain("wrong 1");
    const second = says("wrong 2");
    view.edited();
    await second;
    // Whatever would ask once more has had its turn after this one.
    const third = says("wrong 3");
    view.edited();
    await third;
    expect(asked()).toBe(3);
    view.dispose();
  });

  test("says that it is being compiled where that takes long, then what came of it", async () => {
    const dbt = Promise.withResolvers<CompiledText>();
    const { view, says } = opened(() => dbt.promise);
    expect(await view.provide()).toBe("-- Compiling…");
    const shown = says("select 1");
    dbt.resolve(answer({ sql: "select 1" }));
    await shown;
    view.dispose();
  });
});
