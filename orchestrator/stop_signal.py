"""Turn Ctrl-C and SIGTERM into a request to stop, and a second one into an end at once."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import FrameType

__all__ = ["StopRequest", "stop_on_signals"]


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

    numbers = (signal.SIGINT, signal.SIGTERM)
    previous = [signal.signal(number, note) for number in numbers]
    try:
        yield
    finally:
        for number, handler in zip(numbers, previous, strict=True):
            signal.signal(number, handler)
