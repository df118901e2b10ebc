import { execFileSync } from "node:child_process";
import { expect, test } from "vitest";
import { testPython, workerDir } from "../harness/environment.ts";

/** Trees with what cannot be parsed, loops, nesting and repeated selects; SQLFluff by itself is the judge of each. */
const script = `
import json, sys
sys.path.insert(0, sys.argv[1])
from sqlfluff.core import FluffConfig, Linter
from sqlfluff.core.rules import crawlers
from floe_dbt_worker import shared_work

texts = [
    "select a.x,b.y,  z from a join b on a.id=b.id where a.x in (select x FROM c union select 1)\\n",
    "with q as (select 1 as One, (select max(t.v) from t) V), r as (select * from q) select q.One from q left join r using (one)\\n",
    "select a from from b wherewhere; select  (1+2)*3 as c, case when a then 1 else case when b then 2 end end from d;;\\n",
    "{% for n in [1, 2] %}select  {{ n }} as id{{ n }}{% if n == 1 %} union all {% endif %}{% endfor %}\\n",
    "select distinct(a), lower (b) from c as c order by 1, b -- noqa: LT01\\nlimit 5",
    "insert into t select a . b, t.* from (select 1 as a) as t, u as v where exists (select 1 from u)\\n",
]
config = FluffConfig(overrides={"dialect": "duckdb", "templater": "jinja"})
linter = Linter(config=config)
rules = linter.get_rulepack(config=config)

def answer(text):
    linted = linter.lint_parsed(linter.parse_string(text), rules)
    return [[v.to_dict(), v.fixable] for v in linted.get_violations(filter_warning=False)]

def walked(text):
    root = linter.parse_string(text).root_variant().tree
    seen = []
    for make in (crawlers.SegmentSeekerCrawler, crawlers.ParentOfSegmentCrawler):
        for types in ({"select_statement"}, {"column_reference", "keyword"}, {"base"}, {"unparsable"}, {"raw"}):
            for options in ({}, {"allow_recurse": False}, {"works_on_unparsable": True}):
                context = type("C", (), {"segment": root, "parent_stack": (), "segment_idx": 0, "raw_stack": ()})()
                for at in make(types, **options).crawl(context):
                    seen.append([at.segment_idx, [p.raw for p in at.parent_stack], type(at.segment).__name__, at.segment.raw])
    return seen

alone = [(answer(text), walked(text)) for text in texts]
parts = shared_work.install()
for text, (issues, places) in zip(texts, alone):
    with shared_work.shared_work():
        assert answer(text) == issues, text
        assert walked(text) == places, text
    assert answer(text) == issues, text
print(json.dumps([parts, sum(len(issues) for issues, _ in alone), sum(len(places) for _, places in alone)]))
`;

test("rules that share what they work out of a tree say what each says alone", () => {
  const answer = execFileSync(testPython(), ["-c", script, workerDir], { encoding: "utf8" });
  const [parts, issues, places] = JSON.parse(answer) as [string[], number, number];
  expect(parts).toEqual(["crawl", "reflow", "select", "types"]);
  expect(issues).toBeGreaterThan(40);
  expect(places).toBeGreaterThan(1000);
});
