"""SQLFluff's command line, as often as asked for: imported once, and a process forked for each command.

A line of JSON on stdin, `{"cwd": ..., "args": [...]}`, is answered with one on stdout, `{"stdout": ...}`.
"""

import inspect
import json
import os
import sys
import tempfile

import dbt.adapters.duckdb  # noqa: F401 imported late by dbt
from sqlfluff.cli.commands import cli
from sqlfluff.core.dialects import dialect_selector
from sqlfluff_templater_dbt.templater import DbtTemplater

started_in = os.getcwd()


def run(cwd, args, output):
    """In the child: what `python -m sqlfluff` does."""
    os.chdir(cwd)
    sys.path[0] = cwd
    # The templater has default values that are the folder in which it was imported.
    for function in map(inspect.unwrap, filter(callable, vars(DbtTemplater).values())):
        defaults = getattr(function, "__defaults__", None) or ()
        if started_in in defaults:
            function.__defaults__ = tuple(cwd if each == started_in else each for each in defaults)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.dup2(output.fileno(), 1)
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
    try:
        cli.main(args, prog_name="sqlfluff")
    except SystemExit:
        pass
    finally:
        sys.stdout.flush()
        os._exit(0)


dialect_selector("duckdb")
for line in sys.stdin:
    command = json.loads(line)
    with tempfile.TemporaryFile() as output:
        child = os.fork()
        if child == 0:
            run(command["cwd"], command["args"], output)
        os.waitpid(child, 0)
        output.seek(0)
        print(json.dumps({"stdout": output.read().decode()}), flush=True)
