"""Put into a virtual environment of the bench, and imported when its Python starts: writes down what SQLFluff is made to do."""

import importlib.util
import re
import sys

MODULE = "sqlfluff.core.linter.linter"
COUNTS = "COUNTS"


def note(stage, text):
    mark = re.search(r"unused_(\w+) as", text or "")
    with open(COUNTS, "a", encoding="utf-8") as file:
        file.write(f"{stage} {mark.group(1) if mark else '?'}\n")


def instrument(module):
    linter = module.Linter
    render = linter.render_string
    rules = linter.lint_parsed.__func__

    def render_string(self, in_str, *args, **kwargs):
        note("render", in_str)
        return render(self, in_str, *args, **kwargs)

    def lint_parsed(cls, parsed, *args, **kwargs):
        note("rules", parsed.source_str)
        return rules(cls, parsed, *args, **kwargs)

    linter.render_string = render_string
    linter.lint_parsed = classmethod(lint_parsed)


class Finder:
    def find_spec(self, name, path=None, target=None):
        if name != MODULE:
            return None
        sys.meta_path.remove(self)
        spec = importlib.util.find_spec(name)
        execute = spec.loader.exec_module

        def exec_module(module):
            execute(module)
            instrument(module)

        spec.loader.exec_module = exec_module
        return spec


sys.meta_path.insert(0, Finder())
