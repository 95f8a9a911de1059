"""Fork a process for each command that stdin names, so that hundreds of them import torch only once.

A request is one JSON line with the arguments of `command.py` and the file for the output. The answer is the child's
process id at once, and its status when it has ended, a line each.
"""

import json
import os
import sys

import command

import analysis.table_statistics  # noqa: F401, imported for the children
import workers.seed_run  # noqa: F401


def _serve() -> None:
    for line in sys.stdin:
        request = json.loads(line)
        child = os.fork()
        if child == 0:
            os._exit(_obey(request["arguments"], output=request["output"]))
        _say(child)
        _, status = os.waitpid(child, 0)
        _say(os.waitstatus_to_exitcode(status))


def _obey(arguments: list[str], *, output: str) -> int:
    os.setsid()
    descriptor = os.open(output, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
    os.dup2(descriptor, 1)
    os.dup2(descriptor, 2)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    code = command.main(arguments)
    sys.stdout.flush()
    sys.stderr.flush()
    return code


def _say(number: int) -> None:
    sys.stdout.write(f"{number}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    _serve()
