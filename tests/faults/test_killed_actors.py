"""Actors, the metrics actor and the driver of an experiment on Ray are killed at each named point."""

import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
import pytest

from workers.points import Point

pytestmark = pytest.mark.slow

# At which time a process that comes by is killed: so early that all of them happen in one experiment of two seeds.
OF_THE_ACTOR = {
    Point.STEP_TAKEN: 6,
    Point.EVALUATED: 2,
    Point.RESUME_STAGED: 2,
    Point.WEIGHTS_WRITTEN: 1,
    Point.CHECKPOINT_STAGED: 1,
}
OF_THE_METRICS = {
    Point.RECORD_CHECKED: 2,
    Point.RESUME_PUBLISHED: 2,
    Point.CHECKPOINT_PUBLISHED: 2,
    Point.COMMITTING: 2,
    Point.COMMITTED: 2,
}
OF_THE_DRIVER = (
    Point.DIRECTORY_MADE,
    Point.ATTEMPT_BEGUN,
    Point.RUN_STARTED,
    Point.OUTCOME_NOTED,
    Point.RUNS_ENDED,
    Point.TABLE_WRITTEN,
)
# Everything of a Ray ends with its driver but these two, which take a minute more.
LINGERING = ("ray::DashboardAgent", "ray::RuntimeEnvAgent")


def test_every_named_point_belongs_to_one_process() -> None:
    assert sorted((*OF_THE_ACTOR, *OF_THE_METRICS, *OF_THE_DRIVER)) == sorted(Point)


@pytest.mark.parametrize("points", [OF_THE_ACTOR, OF_THE_METRICS], ids=["training actors", "metrics actor"])
def test_command_whose_actors_are_killed_at_every_point_finishes_with_the_same_table(
    points: dict[Point, int],
    experiment: Callable[..., Any],
    fault: Callable[..., Any],
    processes_of: Callable[..., Any],
    undisturbed: Callable[..., Any],
) -> None:
    disturbed = experiment("recovery.max_attempts=20")
    faults = [fault("kill", point, occurrence) for point, occurrence in points.items()]

    running = disturbed.begin(*faults, ray=True)
    ended = running.wait()

    assert ended.exit_code == 0, ended.output
    assert [Path(each["flag"]).exists() for each in faults] == [True] * len(points)
    assert disturbed.learning_rows() == undisturbed()
    assert disturbed.leftovers() == []
    assert processes_of(running.pid) == {}
    assert temporary_directories_of(running.pid) == []


def test_driver_killed_at_every_point_is_resumed_to_the_same_table(
    experiment: Callable[..., Any],
    fault: Callable[..., Any],
    processes_of: Callable[..., Any],
    undisturbed: Callable[..., Any],
) -> None:
    disturbed = experiment()
    faults = [fault("kill", point) for point in OF_THE_DRIVER]

    pids, codes = [], []
    while not codes or codes[-1] == -signal.SIGKILL:
        running = disturbed.begin_again(*faults, ray=True) if codes else disturbed.begin(*faults, ray=True)
        ended = running.wait()
        pids.append(running.pid)
        codes.append(ended.exit_code)

    assert codes == [*[-signal.SIGKILL] * len(OF_THE_DRIVER), 0], ended.output
    assert disturbed.learning_rows() == undisturbed()
    assert disturbed.leftovers() == []
    # The last two found every run complete and started no Ray, so the one before them is the next start's to clean up.
    assert [directory for pid in pids[:-3] for directory in temporary_directories_of(pid)] == []
    assert wait_until_gone(pids, processes_of=processes_of) == {}


def test_raylet_killed_under_an_experiment_loses_nothing(
    experiment: Callable[..., Any],
    fault: Callable[..., Any],
    processes_of: Callable[..., Any],
    undisturbed: Callable[..., Any],
) -> None:
    disturbed = experiment()
    slow = fault("sleep", Point.STEP_TAKEN, 0, returns=True, seconds=4.0)

    # Ray takes 20 seconds to notice; the experiment must last longer.
    running = disturbed.begin(slow, ray=True)
    running.wait_for("interval 0/4")
    raylet = next(pid for pid, name in processes_of(running.pid).items() if name.split()[0].endswith("/raylet"))
    psutil.Process(raylet).kill()
    ended = running.wait()
    resumed = disturbed.resume(ray=True)

    assert ended.exit_code != 1, ended.output
    assert resumed.exit_code == 0, resumed.output
    assert disturbed.learning_rows() == undisturbed()
    assert disturbed.leftovers() == []
    assert wait_until_gone([running.pid], processes_of=processes_of) == {}


def temporary_directories_of(pid: int) -> list[Path]:
    return list(Path("/tmp").glob(f"seedscope-{pid}-*"))


def wait_until_gone(pids: list[int], *, processes_of: Callable[..., Any]) -> dict[int, str]:
    """What is left of some sessions after 20 seconds, but for what lingers."""
    ends_s = time.monotonic() + 20
    while True:
        left = {
            process: name
            for pid in pids
            for process, name in processes_of(pid).items()
            if not any(word in name for word in LINGERING)
        }
        if not left or time.monotonic() > ends_s:
            return left
        time.sleep(0.2)
