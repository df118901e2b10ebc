"""Runs dbt commands for the emulator of dbt Cloud: imports dbt once, and forks for each command.

Reads one JSON object a line: {"id", "args", "cwd", "env", "log"}; answers {"id", "pid"} and {"id", "exit"}.
"""

import json
import os
import signal
import sys
import threading


def say(message):
    os.write(1, (json.dumps(message) + "\n").encode())


def child(command):
    import dbt.cli.main

    os.setsid()
    # Ignored where we were started in the background of a shell.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    log = os.open(command["log"], os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    null = os.open(os.devnull, os.O_RDONLY)
    os.dup2(null, 0)
    os.dup2(log, 1)
    os.dup2(log, 2)
    os.environ.clear()
    os.environ.update(command["env"])
    os.chdir(command["cwd"])
    sys.argv = ["dbt", *command["args"]]
    code = 2
    try:
        dbt.cli.main.cli(standalone_mode=True)
    except SystemExit as ended:
        code = ended.code if isinstance(ended.code, int) else 0 if ended.code is None else 1
    except BaseException as error:  # a command that breaks is a step that failed
        print(error)
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def wait_for(identifier, pid):
    _, status = os.waitpid(pid, 0)
    say({"id": identifier, "exit": os.waitstatus_to_exitcode(status)})


def main():
    # Before the fork, so that no child has to.
    import dbt.adapters.duckdb  # noqa: F401
    import dbt.cli.main  # noqa: F401
    import dbt.task.build  # noqa: F401
    import dbt.task.compile  # noqa: F401
    import dbt.task.run  # noqa: F401
    import dbt.task.test  # noqa: F401

    say({"ready": True})
    for line in sys.stdin:
        command = json.loads(line)
        pid = os.fork()
        if pid == 0:
            child(command)
        say({"id": command["id"], "pid": pid})
        threading.Thread(target=wait_for, args=(command["id"], pid), daemon=True).start()


# dbt starts processes that import this file.
if __name__ == "__main__":
    main()
