"""SQLFluff alone, warm, in one process: what the linter itself costs, stage by stage. Run in the project's folder."""

import time

from json_loop import serve
from sqlfluff.core import FluffConfig, Linter

linters = {}


def answer(request):
    path = request["path"]
    if path not in linters:
        config = FluffConfig.from_path(path)
        linters[path] = Linter(config=config)
    linter = linters[path]
    started = time.perf_counter()
    rendered = linter.render_string(request["text"], path, linter.config, "utf8")
    after_render = time.perf_counter()
    parsed = linter.parse_rendered(rendered)
    after_parse = time.perf_counter()
    rules = linter.get_rulepack(config=linter.config)
    after_rules = time.perf_counter()
    linted = linter.lint_parsed(parsed, rules, fix=False, encoding="utf8")
    ended = time.perf_counter()
    return {
        "seconds": ended - started,
        "messages": [violation.desc() for violation in linted.get_violations()],
        "stages": {
            "render": after_render - started,
            "parse": after_parse - after_render,
            "load rules": after_rules - after_parse,
            "evaluate rules": ended - after_rules,
        },
    }


serve(answer)
