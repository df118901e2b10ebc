"""Entry: `python -u -X utf8 -m floe_dbt_worker`, or `python <folder>/floe_dbt_worker`; with the argument
`runner` the process that runs commands. Nothing heavy is imported here.
"""

from __future__ import annotations

import os
import sys

if not __package__:
    # Started by path: Python put this folder on sys.path, where our module names would shadow the user's own.
    here = os.path.dirname(os.path.abspath(__file__))
    sys.path[:] = [entry for entry in sys.path if os.path.abspath(entry or os.curdir) != here]
    sys.path.insert(0, os.path.dirname(here))

from floe_dbt_worker.streams import protect_streams

if __name__ == "__main__":
    # Before anything of the user's can print: from here on only the channel writes to the real stdout.
    channel, requests = protect_streams()

    from floe_dbt_worker.loop import Loop

    loop = Loop(channel, requests)
    if sys.argv[1:] == ["runner"]:
        from floe_dbt_worker.runner import Runner

        loop.run(Runner(channel, loop))
    else:
        from floe_dbt_worker.session import Session

        loop.run(Session(channel, loop))
