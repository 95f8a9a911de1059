"""Run the command line and turn whatever goes wrong into a sentence and an exit code."""

import os
import signal
import sys
import traceback
from collections.abc import Sequence
from types import FrameType
from typing import TYPE_CHECKING

from orchestrator.ending import ExitCode

if TYPE_CHECKING:
    import typer

__all__ = ["run_command"]


def run_command(app: "typer.Typer", *, arguments: Sequence[str]) -> int:
    """Run one command.

    Args:
        app: The commands.
        arguments: What stands behind the command's name.

    Returns:
        The exit code: 0 done, 1 a defect of ours, 2 the user's input, 3 failed runs, 130 stopped.
    """
    signal.signal(signal.SIGTERM, _raise_interrupt)
    try:
        app(args=list(arguments), standalone_mode=True)
    except SystemExit as ending:
        return ending.code if isinstance(ending.code, int) else ExitCode.DEFECT
    except KeyboardInterrupt:
        return ExitCode.STOPPED
    except BrokenPipeError:
        # Whoever read our output has left; the interpreter must not complain about that at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return ExitCode.STOPPED
    except Exception as error:  # noqa: BLE001, the outermost edge
        return _explain(error, wants_traceback="--debug" in arguments)
    return 0


def _explain(error: Exception, *, wants_traceback: bool) -> int:
    from configs.errors import UserError
    from orchestrator.printable import one_line
    from workers.failure_cause import cause_of
    from workers.records import FailureCause

    if wants_traceback:
        traceback.print_exception(error)
    is_users = isinstance(error, UserError)
    if cause_of(error) is FailureCause.DISK_FULL:
        said = f"seedscope: the disk is full ({error}); make room, then `seedscope resume`"
        print(one_line(said), file=sys.stderr)  # noqa: T201
        return ExitCode.FAILED_RUNS
    prefix = "seedscope: " if is_users else f"seedscope: a defect of ours, {type(error).__name__}: "
    hint = "" if is_users or wants_traceback else " (run `seedscope --debug ...` for the traceback)"
    print(f"{prefix}{one_line(str(error))}{hint}", file=sys.stderr)  # noqa: T201
    return ExitCode.USER_ERROR if is_users else ExitCode.DEFECT


def _raise_interrupt(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt
