"""One JSON object a line in, one out: a Python process the bench keeps warm. Prints of libraries go to stderr."""

import json
import os
import sys
import time


def serve(answer):
    """Calls answer(request) for each line of stdin and adds the seconds it took."""
    # Libraries start children that inherit stdin and read it to its end: they get an empty one.
    requests = os.fdopen(os.dup(0), "r", encoding="utf-8")
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.dup2(2, 1)
    sys.stdin = open(os.devnull, encoding="utf-8")
    for line in requests:
        request = json.loads(line)
        started = time.perf_counter()
        result = answer(request)
        result.setdefault("seconds", time.perf_counter() - started)
        answers.write(json.dumps(result) + "\n")
        answers.flush()
