"""The user stops an experiment, and one process at a time has a run directory."""

import json
import platform
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from workers.points import Point

SIGNALS = [signal.SIGINT, signal.SIGTERM]


@pytest.fixture
def slow(fault: Callable[..., Any]) -> dict[str, Any]:
    """Steps of a tenth of a second."""
    return fault("sleep", Point.STEP_TAKEN, 0, returns=True, seconds=0.1)


@pytest.mark.parametrize("number", SIGNALS)
def test_first_signal_ends_with_a_partial_table_and_resume_makes_up_for_it(
    number: int, experiment: Callable[..., Any], slow: Any, undisturbed: Callable[..., Any]
) -> None:
    stopped = experiment()

    running = stopped.begin(slow)
    running.wait_for("interval 2/4")
    running.signal(number)
    ended = running.wait()
    partial = stopped.learning_rows()
    resumed = stopped.resume_as_a_user()

    assert ended.exit_code == 130, ended.output
    assert "PARTIAL" in ended.output
    assert partial[:4] == undisturbed()[:4]
    assert resumed.exit_code == 0, resumed.output
    assert stopped.learning_rows() == undisturbed()


@pytest.mark.parametrize("number", SIGNALS)
def test_second_signal_ends_at_once_and_resume_makes_up_for_it(
    number: int, experiment: Callable[..., Any], fault: Callable[..., Any], undisturbed: Callable[..., Any]
) -> None:
    stopped = experiment()

    asleep = fault("sleep", Point.STEP_TAKEN, 10, seconds=60)
    running = stopped.begin(asleep)
    running.wait_until(Path(asleep["flag"]).exists, what="sleep")
    running.signal(number)
    time.sleep(0.2)
    running.signal(number)
    began_s = time.monotonic()
    ended = running.wait()
    took_s = time.monotonic() - began_s
    resumed = stopped.resume()

    assert ended.exit_code == 130, ended.output
    assert took_s < 30, "it waited for the run that sleeps"
    assert "Traceback" not in ended.output
    assert resumed.exit_code == 0, resumed.output
    assert stopped.learning_rows() == undisturbed()


@pytest.mark.slow
@pytest.mark.parametrize("num_signals", [1, 2])
def test_signals_leave_no_process_of_ray_and_resume_makes_up_for_it(
    num_signals: int,
    experiment: Callable[..., Any],
    fault: Callable[..., Any],
    processes_of: Callable[..., Any],
    undisturbed: Callable[..., Any],
) -> None:
    stopped = experiment()

    asleep = fault("sleep", Point.STEP_TAKEN, 10, seconds=5 if num_signals == 1 else 60)
    running = stopped.begin(asleep, ray=True)
    running.wait_until(Path(asleep["flag"]).exists, what="sleep")
    for _ in range(num_signals):
        running.signal(signal.SIGINT)
        time.sleep(1)  # while Ray waits in C++, signals are not told apart
    began_s = time.monotonic()
    ended = running.wait()
    took_s = time.monotonic() - began_s
    left = processes_of(running.pid)
    resumed = stopped.resume()

    assert ended.exit_code == 130, ended.output
    assert took_s < 30, "it waited for the run that sleeps"
    assert "Traceback" not in ended.output
    assert left == {}
    assert resumed.exit_code == 0, resumed.output
    assert stopped.learning_rows() == undisturbed()
    assert stopped.leftovers() == []


def test_watch_of_a_killed_experiment_names_the_command_that_goes_on(
    experiment: Callable[..., Any], fault: Callable[..., Any]
) -> None:
    killed = experiment()
    killed.start(fault("kill", Point.STEP_TAKEN, 10))

    watched = killed.seedscope("watch", str(killed.root))
    killed.resume()
    watched_again = killed.seedscope("watch", str(killed.root))

    assert watched.exit_code == 130
    assert f"Go on with: seedscope resume {killed.root}" in watched.output
    assert (watched_again.exit_code, "Go on with" in watched_again.output) == (0, False)


@pytest.mark.parametrize("verb", ["resume", "repair"])
def test_second_command_is_refused_while_the_first_lives_and_takes_over_when_it_was_killed(
    verb: str, experiment: Callable[..., Any], fault: Callable[..., Any], undisturbed: Callable[..., Any]
) -> None:
    held = experiment()
    asleep = fault("sleep", Point.STEP_TAKEN, 10, seconds=600)
    running = held.begin(asleep)
    running.wait_until(Path(asleep["flag"]).exists, what="sleep")

    refused = held.seedscope(verb, str(held.root), forked=False)
    running.signal(signal.SIGSTOP)
    refused_by_frozen = held.seedscope(verb, str(held.root), forked=False)
    running.signal(signal.SIGKILL)
    killed = running.wait()
    holder = json.loads(held.paths.lease_file.read_text(encoding="utf-8"))
    resumed = held.resume()

    for second in (refused, refused_by_frozen):
        assert second.exit_code == 2, second.output
        assert f"in use by process {running.pid} on {platform.node()} since 20" in " ".join(second.output.split())
    assert killed.exit_code == -signal.SIGKILL
    assert holder["pid"] == running.pid
    assert resumed.exit_code == 0, resumed.output
    assert held.learning_rows() == undisturbed()
    assert not held.paths.lease_file.exists()
