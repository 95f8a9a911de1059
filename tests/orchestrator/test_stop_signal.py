"""Signals that this process sends itself."""

import signal
import sys
from collections.abc import Callable
from contextlib import suppress
from threading import Thread

import pytest

from orchestrator.stop_signal import StopRequest, interrupts_kept, stop_on_signals

NUMBERS = [signal.SIGINT, signal.SIGTERM]


@pytest.mark.parametrize("number", NUMBERS)
def test_first_signal_is_a_request_and_the_second_an_interrupt(number: signal.Signals) -> None:
    request = StopRequest()

    with pytest.raises(KeyboardInterrupt), stop_on_signals(request):
        signal.raise_signal(number)
        was_made = request.is_made
        signal.raise_signal(number)

    assert was_made


@pytest.mark.parametrize("number", NUMBERS)
def test_interrupt_is_raised_where_the_signal_comes(number: signal.Signals) -> None:
    done = []

    with pytest.raises(KeyboardInterrupt), interrupts_kept():
        signal.raise_signal(number)
        done.append("what follows")

    assert done == []


@pytest.mark.parametrize("number", NUMBERS)
def test_interrupt_that_was_swallowed_is_raised_at_the_end(number: signal.Signals) -> None:
    done = []

    with pytest.raises(KeyboardInterrupt), interrupts_kept():
        with suppress(KeyboardInterrupt):
            signal.raise_signal(number)
        done.append("what follows")

    assert done == ["what follows"]


@pytest.mark.parametrize("number", NUMBERS)
def test_handler_that_a_library_sets_is_not_taken_meanwhile(number: signal.Signals) -> None:
    before = signal.getsignal(number)
    heard: list[int] = []

    with pytest.raises(KeyboardInterrupt), interrupts_kept():
        signal.signal(number, lambda number, _frame: heard.append(number))
        signal.raise_signal(number)

    assert heard == []
    assert signal.getsignal(number) is before


def test_handlers_of_other_signals_may_be_set_meanwhile() -> None:
    heard: list[int] = []

    with interrupts_kept():
        before = signal.signal(signal.SIGUSR1, lambda number, _frame: heard.append(number))
        signal.raise_signal(signal.SIGUSR1)
        signal.signal(signal.SIGUSR1, before)

    assert heard == [signal.SIGUSR1]


class Destroyed:
    """Does something when it is destroyed."""

    def __init__(self, act: Callable[[], object]) -> None:
        self.act = act

    def __del__(self) -> None:
        self.act()


def test_interrupt_that_was_swallowed_is_not_printed(monkeypatch: pytest.MonkeyPatch) -> None:
    printed: list[type[BaseException]] = []

    def hook(unraisable: "sys.UnraisableHookArgs") -> None:
        printed.append(unraisable.exc_type)

    monkeypatch.setattr(sys, "unraisablehook", hook)

    with pytest.raises(KeyboardInterrupt), interrupts_kept():
        Destroyed(lambda: signal.raise_signal(signal.SIGINT))
        Destroyed(lambda: 1 / 0)

    assert printed == [ZeroDivisionError]
    assert sys.unraisablehook is hook


def test_interrupt_that_a_library_prints_as_uncaught_is_not_printed(monkeypatch: pytest.MonkeyPatch) -> None:
    printed: list[type[BaseException]] = []
    monkeypatch.setattr(sys, "excepthook", lambda kind, _error, _traceback: printed.append(kind))

    with pytest.raises(KeyboardInterrupt), interrupts_kept():
        for act in (lambda: signal.raise_signal(signal.SIGINT), lambda: 1 / 0):
            try:
                act()
            except (KeyboardInterrupt, ZeroDivisionError) as error:
                sys.excepthook(type(error), error, error.__traceback__)

    assert printed == [ZeroDivisionError]


def test_error_that_follows_from_an_interrupt_gives_way_to_it() -> None:
    with pytest.raises(KeyboardInterrupt) as interrupt, interrupts_kept():
        with suppress(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)
        raise RuntimeError("half done")

    assert isinstance(interrupt.value.__cause__, RuntimeError)


def test_error_without_an_interrupt_stays_what_it_is() -> None:
    with pytest.raises(RuntimeError), interrupts_kept():
        raise RuntimeError("broken")


def test_handlers_from_before_hold_again() -> None:
    before = [signal.getsignal(number) for number in NUMBERS]

    with interrupts_kept():
        signal.signal(signal.SIGTERM, signal.SIG_IGN)  # as libraries do

    assert [signal.getsignal(number) for number in NUMBERS] == before


def test_other_threads_keep_no_interrupts() -> None:
    done = []

    def work() -> None:
        with interrupts_kept():
            done.append("work")

    thread = Thread(target=work)
    thread.start()
    thread.join()

    assert done == ["work"]
