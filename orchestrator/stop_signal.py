"""Turn Ctrl-C and SIGTERM into a request to stop, and a second one into an end at once; neither gets lost."""

import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import FrameType, TracebackType
from typing import Any

__all__ = ["StopRequest", "interrupts_kept", "stop_on_signals"]

_NUMBERS = (signal.SIGINT, signal.SIGTERM)


@dataclass(slots=True)
class StopRequest:
    """Whether somebody asked the experiment to stop."""

    is_made: bool = False


@contextmanager
def stop_on_signals(request: StopRequest) -> Iterator[None]:
    """Within the block the first signal makes the request, and the second raises KeyboardInterrupt."""

    def note(_number: int, _frame: FrameType | None) -> None:
        if request.is_made:
            raise KeyboardInterrupt
        request.is_made = True

    with _handling(note):
        yield


@contextmanager
def interrupts_kept() -> Iterator[None]:
    """Raise KeyboardInterrupt at a signal, and at the end of the block again if what runs in it has swallowed that.

    An exception that a library's destructor or callback lets through is forgotten, and would be printed.
    """
    if threading.current_thread() is not threading.main_thread():
        yield  # Python hands signals to the main thread only
        return
    has_come = False

    def note(_number: int, _frame: FrameType | None) -> None:
        nonlocal has_come
        has_come = True
        raise KeyboardInterrupt

    try:
        with _handling(note), _handlers_kept(), _interrupts_not_printed():
            yield
    except Exception as error:
        if has_come:
            raise KeyboardInterrupt from error
        raise
    if has_come:
        raise KeyboardInterrupt


@contextmanager
def _handling(handler: Callable[[int, FrameType | None], None]) -> Iterator[None]:
    previous = [signal.signal(number, handler) for number in _NUMBERS]
    try:
        yield
    finally:
        for number, before in zip(_NUMBERS, previous, strict=True):
            signal.signal(number, before)


@contextmanager
def _handlers_kept() -> Iterator[None]:
    """Let nobody replace the handlers meanwhile: Ray does as it starts, and what its own raise may be swallowed too."""
    set_handler = signal.signal

    def set_other(number: int, handler: Any, /) -> Any:  # Any: as in signal.signal
        return signal.getsignal(number) if number in _NUMBERS else set_handler(number, handler)

    signal.signal = set_other  # type: ignore[assignment]
    try:
        yield
    finally:
        signal.signal = set_handler


@contextmanager
def _interrupts_not_printed() -> Iterator[None]:
    """Through these hooks Python, and what is written in Cython, print exceptions that go nowhere."""
    print_unraisable, print_uncaught = sys.unraisablehook, sys.excepthook

    def on_unraisable(unraisable: "sys.UnraisableHookArgs", /) -> None:
        if not issubclass(unraisable.exc_type, KeyboardInterrupt):
            print_unraisable(unraisable)

    def on_uncaught(kind: type[BaseException], error: BaseException, traceback: TracebackType | None, /) -> None:
        if not issubclass(kind, KeyboardInterrupt):
            print_uncaught(kind, error, traceback)

    sys.unraisablehook, sys.excepthook = on_unraisable, on_uncaught
    try:
        yield
    finally:
        sys.unraisablehook, sys.excepthook = print_unraisable, print_uncaught
