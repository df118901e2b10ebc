import { describe, expect, it } from "vitest";
import { requestForFailed, requestForNode } from "../../../client/runs/again.ts";
import { commandOf, runTitle, wholeProject } from "../../../client/runs/command.ts";
import {
  endSentence,
  failureSentence,
  progressSentence,
  progressText,
} from "../../../client/runs/outcome.ts";
import { readsMissing } from "../../../client/runs/parentsFirst.ts";
import { firstLine, plainText } from "../../../client/runs/plainText.ts";
import { type KnownRun, RunList, tally } from "../../../client/runs/runList.ts";
import { nodeLook, nodesInOrder, noteLook, runLook } from "../../../client/runs/rows.ts";
import { remembered, selectorItems } from "../../../client/runs/selectorItems.ts";
import { joinFlags, splitFlags, titleAround, titleOf, withAround } from "../../../client/runs/selectors.ts";
import { duration, timingBar, when } from "../../../client/runs/timing.ts";
import type { RunHead, RunNode, RunRequest } from "../../../protocol/run.ts";

const at = new Date(2026, 3, 5, 14, 3).getTime();
const head = (over: Partial<RunHead> = {}): RunHead => ({
  id: "1",
  request: { projectDir: "/w/shop", verb: "build", select: "orders+" },
  title: "orders with children",
  command: "dbt build --select orders+",
  runtime: "local",
  target: "dev",
  state: "running",
  queuedAt: at,
  startedAt: at,
  endedAt: null,
  total: 3,
  message: null,
  notices: [],
  link: null,
  steps: [],
  ...over,
});
const node = (name: string, over: Partial<RunNode> = {}): RunNode => ({
  uniqueId: `model.shop.${name}`,
  name,
  resourceType: "model",
  status: "success",
  startedAt: at,
  seconds: 1,
  message: null,
  rowsAffected: null,
  failures: null,
  filePath: `/w/shop/models/${name}.sql`,
  line: null,
  compiledPath: null,
  ...over,
});
const run = (over: Partial<RunHead>, ...nodes: RunNode[]): KnownRun => ({
  head: head(over),
  nodes: new Map(nodes.map((each) => [each.uniqueId, each])),
});

describe("RunList", () => {
  it("keeps runs newest first, and nodes in the order they were heard of", () => {
    const list = new RunList();
    list.replace([
      { ...head({ id: "old", queuedAt: at - 1 }), nodes: [] },
      { ...head({ id: "new" }), nodes: [node("b"), node("a")] },
    ]);
    expect(list.all.map((each) => each.head.id)).toEqual(["new", "old"]);
    const change = list.apply({
      run: head({ id: "new" }),
      nodes: [node("b", { status: "fail" }), node("c")],
    });
    expect(change.listed).toBe(false);
    expect([...change.run.nodes.values()].map(({ name, status }) => [name, status])).toEqual([
      ["b", "fail"],
      ["a", "success"],
      ["c", "success"],
    ]);
  });

  it("says when runs come and go, and how a run was before", () => {
    const list = new RunList();
    expect(list.apply({ run: head({ state: "queued" }), nodes: [] })).toMatchObject({
      listed: true,
      before: undefined,
    });
    expect(list.apply({ run: head(), nodes: [] })).toMatchObject({
      listed: false,
      before: { state: "queued" },
    });
    expect(list.apply({ run: head({ id: "2" }), nodes: [], removed: ["1"] }).listed).toBe(true);
    expect(list.get("1")).toBeUndefined();
  });

  it("puts the run that goes on before those that wait, and keeps both when it forgets the others", () => {
    const list = new RunList();
    list.replace([
      { ...head({ id: "third", state: "queued", queuedAt: at + 2 }), nodes: [] },
      { ...head({ id: "second", state: "queued", queuedAt: at + 1 }), nodes: [] },
      { ...head({ id: "first" }), nodes: [] },
      { ...head({ id: "ended", state: "failed" }), nodes: [] },
    ]);
    expect(list.active.map((each) => each.head.id)).toEqual(["first", "second", "third"]);
    list.clear();
    expect(list.get("ended")).toBeUndefined();
    expect(list.all).toHaveLength(3);
  });

  it("counts what is through", () => {
    const nodes = [node("a"), node("b", { status: "fail" }), node("c", { status: "running" })];
    expect(tally(run({}, ...nodes))).toEqual({ done: 2, failed: 1, warned: 0, total: 3 });
    expect(tally(run({ total: 1 }, ...nodes)).total).toBe(3);
    expect(tally(run({ total: null })).total).toBeNull();
  });
});

describe("rows", () => {
  it("say runtime and target, how far it is, and when", () => {
    expect(runLook(run({}, node("a")), at)).toMatchObject({
      label: "Build orders with children",
      description: "1/3 · 14:03 · dev · local",
      icon: { id: "loading~spin" },
      context: "run running active",
    });
    expect(runLook(run({}, node("a")), at, "shop").description).toMatch(/dev · local · shop$/);
  });

  it("say how it ended", () => {
    const failed = run({ state: "failed", endedAt: at + 3200 }, node("a", { status: "fail" }));
    expect(runLook(failed, at)).toMatchObject({
      description: "1 failed · 3.2 s · 14:03 · dev · local",
      icon: { id: "error", color: "problemsErrorIcon.foreground" },
      context: "run failed ended failures",
      spoken: "Build orders with children, failed, 1 failed · 3.2 s, 14:03, dev · local",
    });
    const warned = run({ state: "success", endedAt: at + 500 }, node("a", { status: "warn" }));
    expect(runLook(warned, at)).toMatchObject({
      description: "1 warned · 0.5 s · 14:03 · dev · local",
      icon: { id: "warning" },
    });
    expect(runLook(run({ state: "interrupted" }), at).description).toContain("interrupted");
    expect(
      runLook(run({ state: "queued", startedAt: null, message: "Waits for Run orders" }), at).description,
    ).toBe("Waits for Run orders · 14:03 · dev · local");
  });

  it("show a node's time, rows and message, and say it without the bar", () => {
    const failing = node("unique_orders", {
      resourceType: "test",
      status: "fail",
      seconds: 0.5,
      failures: 1204,
      message: "\n Got 1204 results, configured to fail if != 0\n more",
    });
    expect(nodeLook(failing, 1, at)).toMatchObject({
      label: "unique_orders",
      description: "1,204 rows found · ━━━ 0.5 s",
      context: "node fail file message rows",
      spoken: "test unique_orders, failed, 0.5 s, 1,204 rows found",
    });
    const good = node("orders", { rowsAffected: 1, message: "OK", compiledPath: "/t/orders.sql" });
    expect(nodeLook(good, 1, at)).toMatchObject({
      description: "━━━━━━ 1.0 s · 1 row",
      context: "node success file compiled message",
    });
    const lost = node("huts", {
      status: "error",
      seconds: 0.5,
      message:
        "Runtime Error in model huts (models/huts.sql)\n  Catalog Error: There is no table huts\n  more",
    });
    expect(nodeLook(lost, 1, at).description).toBe("Catalog Error: There is no table huts · ━━━ 0.5 s");
    const going = node("long", { status: "running", seconds: null, startedAt: at - 3700 });
    expect(nodeLook(going, 1, at)).toMatchObject({ description: "3 s", spoken: "model long, goes on" });
    const late = node("late", { status: "skipped", seconds: 0, message: null });
    expect(nodeLook(late, 1, at).description).toBe("");
    const board = node("board", {
      resourceType: "exposure",
      status: "skipped",
      seconds: 0,
      message: "NO-OP",
    });
    expect(nodeLook(board, 1, at).description).toBe("");
  });

  it("show what comes from outside as text", () => {
    const nasty = node("a\u202eb", { status: "error", message: "\u001b[31m<b>[x](command:evil)</b>\u0007" });
    const look = nodeLook(nasty, 0, at);
    expect(look.label).toBe("ab");
    expect(look.description).toContain("[31m<b>[x](command:evil)</b>");
    expect(JSON.stringify(look)).not.toMatch(/\\u001b|\\u0007|\u202e/);
    expect(noteLook("one\ntwo", "error")).toMatchObject({ label: "one", tooltip: "one\ntwo" });
  });

  it("keep their order while it goes on, and put failures first after it", () => {
    const nodes = [node("a"), node("b", { status: "skipped" }), node("c", { status: "error" })];
    expect(nodesInOrder(run({}, ...nodes)).map(({ name }) => name)).toEqual(["a", "b", "c"]);
    expect(nodesInOrder(run({ state: "failed" }, ...nodes)).map(({ name }) => name)).toEqual(["c", "a", "b"]);
  });
});

describe("what is told of a run", () => {
  it("counts in the status bar, with what waits behind it", () => {
    expect(progressText([])).toBeNull();
    const going = run({ total: 12 }, node("a"), node("b", { status: "running" }));
    expect(progressText([going])?.text).toBe("$(sync~spin) dbt build 1/12");
    expect(progressText([going, run({ state: "queued" })])).toMatchObject({
      text: "$(sync~spin) dbt build 1/12 +1",
      label: "dbt Build orders with children, 1 of 12",
    });
    expect(progressSentence(going)).toBe("1/12 · b");
  });

  it("names what failed, or why nothing ran, with the remedy first", () => {
    const failed = run({ state: "failed", total: 2 }, node("a", { status: "fail" }), node("b"));
    expect(failureSentence(failed)).toMatchObject({
      message: "Build orders with children: 1 of 2 failed: a",
      remedies: [],
      views: [{ title: "Show Runs" }, { title: "Show Problems" }],
    });
    const remedy = { title: "Install Packages", command: "floeDbt.installPackages" };
    expect(failureSentence(run({ state: "error", message: "Packages are missing.", remedy }))).toMatchObject({
      message: "Build orders with children: Packages are missing.",
      remedies: [{ title: "Install Packages" }],
      views: [{ title: "Show Runs" }],
    });
  });
});

describe("a run that ended while nobody saw the view", () => {
  it("is told with how far it came", () => {
    const nodes = [node("a"), node("b", { status: "cancelled" })];
    const told = (over: Partial<RunHead>) => endSentence(run({ endedAt: at + 2300, ...over }, ...nodes));
    expect(told({ state: "cancelled" })).toBe("Build orders with children: cancelled after 1 of 3");
    expect(endSentence(run({ state: "cancelled", total: null, startedAt: null }))).toBe(
      "Build orders with children: cancelled",
    );
    expect(told({ state: "success", total: 2 })).toBe("Build orders with children: passed · 2 of 2 · 2.3 s");
    expect(told({ state: "failed" })).toBeNull();
    expect(told({ state: "interrupted" })).toBeNull();
  });
});

describe("a model that reads what was never built", () => {
  const missing = "Catalog Error: Table with name drinks does not exist!";
  /** As a row of the Project view: the file of a test defines others, too. */
  const theOrders = { projectDir: "/p", selector: "orders", row: { label: "orders" } };
  const lost = (name: string, message = missing) =>
    node(name, { status: "error", message, filePath: `/p/models/${name}.sql` });
  const told = (over: Partial<RunRequest>, ...nodes: RunNode[]) =>
    failureSentence(
      run({ state: "failed", total: 3, request: { projectDir: "/p", verb: "run", ...over } }, ...nodes),
    );

  it.each([
    'Catalog Error: Table with name drinks does not exist!\n  Did you mean "d"?',
    'Catalog Error: Table with name "main.drinks" does not exist because schema "main" does not exist.',
    'relation "main.drinks" does not exist',
    "Schema 'RAW.DRINKS' does not exist or not authorized.",
    "Object 'RAW.DRINKS' does not exist or not authorized.",
    "Not found: Table a:b.drinks was not found in location EU",
    "[TABLE_OR_VIEW_NOT_FOUND] The table or view `drinks` cannot be found.",
    'Not able to get columns for unit test \'a\' from relation "d"."a" because the relation doesn\'t exist',
  ])("can be built with its parents: %s", (message) => {
    const nodes = [lost("orders", `Runtime Error in model orders\n  ${message}`)];
    expect(told({ select: "orders+" }, ...nodes)).toMatchObject({
      message: "Run orders with children: 1 of 3 failed: orders, which reads what is not there yet",
      remedies: [
        {
          title: "Build with Parents",
          command: "floeDbt.buildModelWithParents",
          arguments: [theOrders, [theOrders]],
        },
      ],
    });
  });

  it("is told apart from what else failed, and built with the others like it", () => {
    const test = node("unique_id", { status: "fail" });
    expect(told({ select: "orders" }, lost("orders"), test).message).toBe(
      "Run orders with children: 2 of 3 failed: orders, unique_id. orders reads what is not there yet",
    );
    const { message, remedies } = told({ select: "tag:daily" }, lost("orders"), lost("drinks"));
    expect(message).toMatch(/failed: orders, drinks, which read what is not there yet$/);
    const theDrinks = { projectDir: "/p", selector: "drinks", row: { label: "drinks" } };
    expect(remedies).toMatchObject([{ arguments: [theOrders, [theOrders, theDrinks]] }]);
  });

  it("is a test, which may read what is beside the parents that were built", () => {
    const test = { ...lost("known_huts"), resourceType: "test" };
    const { message, remedies } = told({ verb: "build", select: "+orders" }, lost("orders"), test);
    expect(message).toMatch(/2 of 3 failed: orders, known_huts, which read what is not there yet$/);
    const theTest = { projectDir: "/p", selector: "known_huts", row: { label: "known_huts" } };
    expect(remedies).toMatchObject([{ title: "Build with Parents", arguments: [theTest, [theTest]] }]);
  });

  it("is of a project whose seeds were never loaded: a build of it makes everything, in order", () => {
    expect(told({}, lost("orders"), lost("drinks")).remedies).toEqual([
      { title: "Build Project", command: "floeDbt.buildProject", arguments: ["/p"] },
    ]);
  });

  it("is not, where what is above it was built as well, or where it fails of something else", () => {
    const refused = 'Binder Error: column "price" not found in FROM clause';
    for (const { message, remedies } of [
      told({ select: "+orders" }, lost("orders")),
      told({ select: "tag:daily @orders" }, lost("orders")),
      told({ verb: "build" }, lost("orders")),
      told({ select: "orders" }, lost("orders", refused)),
    ]) {
      expect(message).toMatch(/1 of 3 failed: orders$/);
      expect(remedies).toEqual([]);
    }
  });
});

it.each([
  'Catalog Error: Table Function with name pour does not exist!\nDid you mean "power"?',
  'column "price" of relation "drinks" does not exist',
  "function pour(integer) does not exist\nLINE 1: select * from a_table",
  'Binder Error: Referenced column "price" not found in FROM clause!',
])("is nothing that a build of the parents mends: %s", (message) => {
  expect(readsMissing(message)).toBe(false);
});

describe("text", () => {
  it("bars are as long as their share", () => {
    expect(timingBar(2, 2)).toBe("━━━━━━");
    expect(timingBar(1, 2)).toBe("━━━");
    expect(timingBar(0.001, 2)).toBe("╸");
    expect(timingBar(0.5, 2)).toBe("━╸");
    expect(timingBar(null, 2)).toBe("");
    expect(timingBar(0, 0)).toBe("");
  });

  it("durations read well", () => {
    expect([0.04, 3.21, 9.96, 59.4, 59.7, 125, 3720].map(duration)).toEqual([
      "0.04 s",
      "3.2 s",
      "10 s",
      "59 s",
      "1 min 00 s",
      "2 min 05 s",
      "1 h 02 min",
    ]);
    expect(when(at, at + 1000)).toBe("14:03");
    expect(when(at, at + 86_400_000)).toBe("Apr 5, 14:03");
  });

  it("keeps lines, drops what is not text", () => {
    expect(plainText("a\r\nb\u0000c")).toBe("a\nbc");
    expect(firstLine("\n\n  x\ty \nz")).toBe("x y");
    expect(firstLine("abcdef", 4)).toBe("abc…");
  });
});

describe("again", () => {
  const failing = (verb: RunHead["request"]["verb"]): KnownRun =>
    run(
      {
        state: "failed",
        request: { projectDir: "/w/shop", verb, select: "x", exclude: "y", vars: "{a: 1}" },
      },
      node("good"),
      node("orders", { uniqueId: "model.shop.orders.v2", status: "error" }),
      node("late", { status: "skipped" }),
      node("unique_id", { uniqueId: "test.shop.unique_id.1234", resourceType: "test", status: "fail" }),
      node("hook", { resourceType: "operation", status: "error" }),
    );

  it("takes what failed and what was skipped for it; in a build, what a test tests as well", () => {
    expect(requestForFailed(failing("test"))).toEqual({
      projectDir: "/w/shop",
      verb: "test",
      vars: "{a: 1}",
      select: "orders.v2 late unique_id",
      title: "what failed of orders with children",
    });
    expect(requestForFailed(failing("build"))?.select).toBe("orders.v2 late 1+unique_id");
    expect(requestForFailed(run({ title: "what failed of x" }, node("a", { status: "fail" })))?.title).toBe(
      "what failed of x",
    );
  });

  it("takes all where dbt did not come to its nodes, and nothing where nothing failed", () => {
    expect(requestForFailed(run({ state: "error" }))).toEqual(head().request);
    expect(requestForFailed(run({ state: "success" }, node("a")))).toBeUndefined();
    const nothingToDo = node("board", { resourceType: "exposure", status: "skipped", message: "NO-OP" });
    expect(requestForFailed(run({ state: "success" }, node("a"), nothingToDo))).toBeUndefined();
    expect(runLook(run({ state: "success" }, node("a"), nothingToDo), at).context).toBe("run success ended");
  });

  it("does with one node what fits it", () => {
    const request = head().request;
    const test = node("unique_id", { uniqueId: "test.shop.unique_id.1", resourceType: "test" });
    expect(requestForNode(request, test)).toMatchObject({ verb: "test", select: "unique_id" });
    expect(requestForNode(request, node("a"))).toMatchObject({ verb: "build", select: "a", title: "a" });
    expect(requestForNode(request, node("s", { resourceType: "seed" })).verb).toBe("seed");
    expect(requestForNode({ ...request, verb: "compile" }, test).verb).toBe("compile");
  });
});

describe("a selector that is typed", () => {
  const tag = { from: 0, to: 2, text: "tag:nightly", detail: "3 nodes", kind: "tag" } as const;

  it("stands first itself, so that Enter takes it; then what completes it, then what was run before", () => {
    const items = selectorItems("ta", [tag], ["old+", "tag:x", "ta"]);
    expect(items.map(({ label, value, kind }) => [label, value, kind])).toEqual([
      ["$(play) ta", "ta", "itself"],
      ["$(tag) tag:nightly", "tag:nightly", "completion"],
      ["$(history) tag:x", "tag:x", "before"],
    ]);
  });

  it("keeps what stands before the part that is completed", () => {
    expect(selectorItems("a+ ta", [{ ...tag, from: 3, to: 5 }], [])[1]?.value).toBe("a+ tag:nightly");
  });

  it("offers what was run before where nothing is typed, the latest first and once", () => {
    expect(selectorItems("", [tag], ["b", "a"]).map(({ value }) => value)).toEqual(["b", "a", "tag:nightly"]);
    expect(remembered(["a", "b", "c"], "b")).toEqual(["b", "a", "c"]);
    expect(remembered(["a", "b"], "c", 2)).toEqual(["c", "a"]);
  });
});

describe("selections", () => {
  it.each([
    ["orders", "parents", "+orders"],
    ["orders", "children", "orders+"],
    ["orders", "both", "+orders+"],
    ["orders", "only", "orders"],
    ["a b", "both", "+a+ +b+"],
    ["2+orders", "both", "2+orders+"],
    ["@orders", "both", "@orders"],
    ["path:models/marts", "parents", "+path:models/marts"],
    ["tag:x,b", "children", "tag:x+,b+"],
  ] as const)("%s with %s is %s", (selector, around, wanted) => {
    expect(withAround(selector, around)).toBe(wanted);
  });

  it("have titles", () => {
    expect(titleAround("orders", "both")).toBe("orders with parents and children");
    expect(titleOf(["a"])).toBe("a");
    expect(titleOf(["a", "b"])).toBe("a and b");
    expect(titleOf(["a", "b", "c"])).toBe("a and 2 more");
    expect(runTitle("build", wholeProject)).toBe("Build whole project");
    expect(runTitle("deps", wholeProject)).toBe("Install packages");
  });

  it("options are split as a shell does, and joined again", () => {
    const text = `--threads=2 --vars '{"a": 1}' "" a"b c"d`;
    expect(splitFlags(text)).toEqual(["--threads=2", "--vars", '{"a": 1}', "", "ab cd"]);
    expect(splitFlags(joinFlags(splitFlags(text)))).toEqual(splitFlags(text));
    expect(splitFlags("  ")).toEqual([]);
    expect(() => splitFlags(`--a "b`)).toThrow("A quote is not closed");
  });

  it("show the command they come to", () => {
    expect(
      commandOf({
        verb: "build",
        select: "a+",
        exclude: "b",
        fullRefresh: true,
        vars: "{a: 1}",
        flags: ["-x"],
      }),
    ).toBe("dbt build --select a+ --exclude b --full-refresh --vars '{a: 1}' -x");
  });
});
