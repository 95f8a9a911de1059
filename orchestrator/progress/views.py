"""The view that suits an output."""

import time
from collections.abc import Callable
from datetime import datetime
from typing import TextIO

from rich.console import Console

from orchestrator.progress.abstract_view import AbstractView
from orchestrator.progress.json_view import JsonView
from orchestrator.progress.live_view import LiveView
from orchestrator.progress.plain_view import PlainView
from orchestrator.progress.steady_view import SteadyView

__all__ = ["AbstractView", "JsonView", "LiveView", "PlainView", "choose_view", "steady_view"]


def steady_view(stream: TextIO, *, wants_json: bool) -> AbstractView:
    """What a command writes to while it runs: the view that suits its output, whatever becomes of that output.

    Args:
        stream: The command's own output.
        wants_json: As `choose_view`.
    """
    view = choose_view(
        wants_json=wants_json,
        is_terminal=stream.isatty(),
        stream=stream,
        clock=time.monotonic,
        now=lambda: datetime.now().astimezone(),
    )
    return SteadyView(view)


def choose_view(
    *,
    wants_json: bool,
    is_terminal: bool,
    stream: TextIO,
    clock: Callable[[], float],
    now: Callable[[], datetime],
) -> AbstractView:
    """JSON when asked for; else a live table on a terminal and plain lines anywhere else.

    Args:
        wants_json: True when a program reads the output.
        is_terminal: True when `stream` is a terminal that can move its cursor; false for a pipe, a file, a notebook and
            `TERM=dumb`.
        stream: Where to write.
        clock: Seconds on a monotonic clock, such as `time.monotonic`.
        now: The clock time, such as `datetime.now`.
    """
    if wants_json:
        return JsonView(stream)
    if not is_terminal:
        return PlainView(stream)
    console = Console(file=stream)
    return PlainView(stream) if console.is_dumb_terminal else LiveView(console, clock=clock, now=now)
