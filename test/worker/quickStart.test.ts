import { execFileSync } from "node:child_process";
import { expect, test } from "vitest";
import { testPython, workerDir } from "../harness/environment.ts";

/** The same classes made before and after: mashumaro by itself is the judge of each. */
const script = `
import json, sys
sys.path.insert(0, sys.argv[1])
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum
from functools import singledispatch
from typing import Any, Dict, List, Optional, Union
from dbt_common import behavior_flags
from dbt_common.dataclass_schema import dbtClassMixin
from mashumaro.jsonschema import build_json_schema
from mashumaro.mixins.json import DataClassJSONMixin
from floe_dbt_worker import quick_start

class Size(str, Enum):
    small = "small"

def made():
    @dataclass
    class Leaf(dbtClassMixin):
        name: str
        size: Size = Size.small
        at: Optional[datetime] = None
        flags: Dict[str, Union[int, bool, None]] = field(default_factory=dict)

        @classmethod
        def __pre_deserialize__(cls, data):
            return {**super().__pre_deserialize__(data), "size": "small"}

    @dataclass
    class Branch(Leaf):
        leaf: Leaf = field(default_factory=lambda: Leaf("inner"))
        leaves: List[Leaf] = field(default_factory=list)
        hook: str = field(default="none", metadata={"alias": "post-hook"})
        keep: Optional[bool] = None
        count: Union[int, str] = 1

        def __post_serialize__(self, data, context=None):
            return {**super().__post_serialize__(data, context), "seen": len(data)}

    @dataclass
    class Plain(DataClassJSONMixin):
        number: int
        anything: Any = None
        branch: Optional[Branch] = None

    @dataclass
    class More(Plain):
        more: int = 1

        def of_parent(self):
            return super().to_dict()

    return Leaf, Branch, Plain, More

def told(function):
    try:
        return repr(function())
    except Exception as error:
        return f"{type(error).__name__}: {error}"

def answers(classes):
    Leaf, Branch, Plain, More = classes
    branch = Branch("a", leaves=[Leaf("b", at=datetime(2026, 1, 2), flags={"x": True, "y": 2, "z": None})])
    given = {"name": "c", "leaves": [{"name": "d"}], "post-hook": "h", "count": "2", "keep": True}
    yield told(More(1).of_parent)
    yield told(branch.to_dict)
    yield told(lambda: branch.to_dict(omit_none=True))
    yield told(branch.to_msgpack)
    yield told(lambda: Branch.from_msgpack(branch.to_msgpack()))
    yield told(lambda: Branch.from_dict(given).to_dict())
    yield told(lambda: Branch.from_dict({}))
    yield told(lambda: Leaf.from_dict({"name": "e", "at": "2026-01-02T03:04:05Z"}))
    yield told(lambda: Branch.validate({"name": "f", "other": 1}))
    yield told(lambda: Branch.validate({"name": 1}))
    yield json.dumps(Branch.json_schema())
    yield json.dumps(build_json_schema(Plain).to_dict())
    yield told(lambda: Plain(1, {"a": 1}, branch).to_json())
    yield told(lambda: Plain.from_json('{"number": 1, "branch": {"name": "g"}}').to_dict())
    yield told(lambda: Plain.from_json('{"number": "x"}'))
    yield told(lambda: sorted(name for name in dir(Branch) if not name.startswith("_")))

def source():
    # Called from a module, as adapters are: code without a file has none.
    rendered = singledispatch(behavior_flags.BehaviorFlagRendered)({"name": "n", "default": True, "docs_url": ""}, {})
    return rendered._behavior_change_event.flag_source

before, flag = list(answers(made())), source()
parts = quick_start.use_quick_start()
classes = made()
waiting = sum(isinstance(value, quick_start._Unwritten) for cls in classes for value in vars(cls).values())
after = list(answers(classes))
for one, other in zip(before, after):
    assert one == other, (one, other)
assert source() == flag, (source(), flag)
still = sum(isinstance(value, quick_start._Unwritten) for cls in classes for value in vars(cls).values())
print(json.dumps([parts, len(after), waiting, still]))
`;

test.for(["dbt111", "dbt18"] as const)(
  "what is put off while dbt (%s) starts is what would have been made at once",
  (environment) => {
    const answer = execFileSync(testPython(environment), ["-c", script, workerDir], { encoding: "utf8" });
    const [parts, answers, waiting, still] = JSON.parse(answer) as [string[], number, number, number];
    expect(parts).toEqual(["methods", "defaults", "source"]);
    expect(answers).toBe(16);
    expect(waiting).toBeGreaterThan(still);
    expect(still).toBeGreaterThan(0);
  },
);
