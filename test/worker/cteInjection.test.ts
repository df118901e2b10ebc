import { execFileSync } from "node:child_process";
import path from "node:path";
import { expect, test } from "vitest";
import { testPython, workerDir } from "../harness/environment.ts";

/** Texts made of the pieces that matter: dbt's own function is the judge of each. */
const script = `
import random, sys
sys.path.insert(0, sys.argv[1])
from floe_dbt_worker.cte_injection import inject
from dbt.compilation import inject_ctes_into_sql
try:
    from dbt.contracts.graph.nodes import InjectedCTE
except ImportError:
    from dbt.artifacts.resources import InjectedCTE

ctes = [InjectedCTE(id="a", sql=" a as (\\nselect 1\\n)"), InjectedCTE(id="b", sql=" b as (\\nwith q as (select 1) select 2\\n)")]
pieces = ["with", "WITH", "recursive", " ", "\\n", "\\t", "-- with\\n", "-- x\\n", "/* c */", "/* with\\n*/", "select 1",
    "a as (select 1)", ",", "select * from a", '"with"', "'with'", "(", ")", "union all", "withx", "x.with", "--e", ";",
    "values (1)", "insert into t", "#", "/*", "*/", "\\r\\n", "select", "/* a /* b */ */", "begin", "end", "\\u00a0"]
dice = random.Random(7)
taken = 0
for _ in range(4000):
    glue = dice.choice(["", " "])
    sql = glue.join(dice.choice(pieces) + dice.choice(["", " ", "\\n"]) for _ in range(dice.randint(1, 7)))
    quick = inject(sql, ctes)
    if quick is None:
        continue
    taken += 1
    assert quick == inject_ctes_into_sql(sql, list(ctes)), repr(sql)
for sql in ("select 1", "with a as (select 1) select * from a", "-- c\\nWITH a as (select 1) select * from a", " select a\\nfrom b"):
    assert inject(sql, ctes) is not None, repr(sql)
print(taken)
`;

test("ephemeral models are put in front of a query as dbt does it, without its parser where that is exact", () => {
  const taken = execFileSync(testPython(), ["-c", script, path.resolve(workerDir)], { encoding: "utf8" });
  expect(Number(taken)).toBeGreaterThan(500);
});
