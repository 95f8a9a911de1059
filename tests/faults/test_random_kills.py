"""Kills at random moments, from outside, as they happen to users; the seeds of the draws are fixed."""

import os
import random
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

NUM_INLINE_KILLS = 15
NUM_RAY_KILLS = 5
KILLS_PER_EXPERIMENT = 5
WEIGHTS = (3, 3, 2)  # of training actor, metrics actor and driver, which ends the experiment

# Of 200 kills, 50 meet Ray: a start of Ray takes seconds, a resumed process of our own a fraction of one.
RAY_SHARE = 4


@pytest.fixture
def num_inline_kills(num_kills: int | None) -> int:
    return NUM_INLINE_KILLS if num_kills is None else num_kills - num_kills // RAY_SHARE


@pytest.fixture
def num_ray_kills(num_kills: int | None) -> int:
    return NUM_RAY_KILLS if num_kills is None else num_kills // RAY_SHARE


@pytest.mark.slow
@pytest.mark.timeout(7200)
def test_each_random_kill_of_the_whole_process_is_made_up_for(
    num_inline_kills: int,
    kill_seed: int,
    experiment_at: Callable[..., Any],
    undisturbed: Callable[..., Any],
    tmp_path: Path,
    say: Callable[[str], None],
) -> None:
    draw = random.Random(f"whole process {kill_seed}")
    expected = undisturbed()
    calm = experiment_at(tmp_path / "calm")
    (tmp_path / "calm").mkdir()
    took_s = timed(calm.start)
    num_rows_lost = num_struck = 0

    while num_struck < num_inline_kills:
        place = tmp_path / f"kill-{num_struck}-{draw.random()}"
        place.mkdir()
        disturbed = experiment_at(place)
        running = disturbed.begin()
        time.sleep(draw.uniform(0, took_s))
        if not kill(running):
            continue
        num_struck += 1
        # One in three is killed again while it makes up for the first.
        if disturbed.root.exists() and draw.random() < 1 / 3 and num_struck < num_inline_kills:
            again = disturbed.begin_again()
            time.sleep(draw.uniform(0, took_s))
            num_struck += kill(again)
        finished = disturbed.finish()
        assert finished.exit_code == 0, finished.output
        num_rows_lost += count_lost(disturbed.learning_rows(), expected)
        assert disturbed.learning_rows() == expected

    say(f"whole process, any moment: {num_struck} kills, {num_rows_lost} rows lost")
    assert num_rows_lost == 0


@pytest.mark.slow
@pytest.mark.timeout(7200)
def test_each_random_kill_under_ray_is_made_up_for(
    num_ray_kills: int,
    kill_seed: int,
    experiment_at: Callable[..., Any],
    fault_at: Callable[..., Any],
    processes_of: Callable[..., Any],
    undisturbed: Callable[..., Any],
    tmp_path: Path,
    say: Callable[[str], None],
) -> None:
    draw = random.Random(f"under Ray {kill_seed}")
    expected = undisturbed()
    num_struck = dict.fromkeys(("training actor", "metrics actor", "driver"), 0)
    num_rows_lost = 0

    while sum(num_struck.values()) < num_ray_kills:
        place = tmp_path / f"experiment-{sum(num_struck.values())}-{draw.random()}"
        place.mkdir()
        disturbed = experiment_at(place, "recovery.max_attempts=1000")
        slow = fault_at(place, "sleep", "a step was taken", 0, returns=True, seconds=0.4)
        running = disturbed.begin(slow, ray=True)
        if draw.random() < 0.8:
            running.wait_for("interval 0")  # else the first kill meets a Ray that is starting
        for _ in range(min(KILLS_PER_EXPERIMENT, num_ray_kills - sum(num_struck.values()))):
            time.sleep(draw.uniform(0, 2.5))
            (victim,) = draw.choices(tuple(num_struck), weights=WEIGHTS)
            if strike(victim, running=running, processes_of=processes_of):
                num_struck[victim] += 1
            if victim == "driver":
                break
        ended = running.wait()
        assert ended.exit_code in (0, -signal.SIGKILL), ended.output
        finished = disturbed.finish(ray=True)
        assert finished.exit_code == 0, finished.output
        num_rows_lost += count_lost(disturbed.learning_rows(), expected)
        assert disturbed.learning_rows() == expected

    for victim, number in num_struck.items():
        say(f"{victim}, any moment: {number} kills, {num_rows_lost} rows lost")
    assert num_rows_lost == 0


@pytest.fixture
def say(request: pytest.FixtureRequest) -> Iterator[Callable[[str], None]]:
    """A function that puts a sentence on the terminal, whatever is captured: the campaign's result."""
    capture = request.config.pluginmanager.getplugin("capturemanager")

    def print_now(sentence: str) -> None:
        with capture.global_and_fixture_disabled():
            os.write(1, f"\n{sentence}\n".encode())

    return print_now


def timed(act: Callable[[], Any]) -> float:
    began_s = time.monotonic()
    act()
    return time.monotonic() - began_s


def kill(running: Any) -> bool:
    """Whether the process still lived."""
    with suppress(ProcessLookupError):
        running.signal(signal.SIGKILL)
    return running.wait().exit_code == -signal.SIGKILL


def strike(victim: str, *, running: Any, processes_of: Callable[..., Any]) -> bool:
    """Kill one process of an experiment on Ray; False if it has none of the kind now."""
    titles = {"training actor": "ray::SeedWorker", "metrics actor": "ray::Metrics", "driver": "command.py start"}
    found = [pid for pid, name in processes_of(running.pid).items() if titles[victim] in name]
    for pid in found[:1]:
        os.kill(pid, signal.SIGKILL)
    return bool(found)


def count_lost(rows: list[list[str]], expected: list[list[str]]) -> int:
    return len({tuple(row[:3]) for row in expected} - {tuple(row[:3]) for row in rows})
