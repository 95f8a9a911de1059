"""The whole process is killed at each named point; `resume` makes up for it."""

import signal
from collections.abc import Callable
from typing import Any

import pytest

from workers.points import Point

# At which time each point is reached: late enough that something is behind it, and something before it.
MOMENTS = {
    Point.STEP_TAKEN: 10,
    Point.EVALUATED: 3,
    Point.RESUME_STAGED: 3,
    Point.WEIGHTS_WRITTEN: 3,
    Point.CHECKPOINT_STAGED: 3,
    Point.RECORD_CHECKED: 3,
    Point.RESUME_PUBLISHED: 3,
    Point.CHECKPOINT_PUBLISHED: 3,
    Point.COMMITTING: 3,
    Point.COMMITTED: 3,
    Point.DIRECTORY_MADE: 1,
    Point.ATTEMPT_BEGUN: 2,
    Point.RUN_STARTED: 2,
    Point.OUTCOME_NOTED: 1,
    Point.RUNS_ENDED: 1,
    Point.TABLE_WRITTEN: 1,
}


def test_every_named_point_has_a_moment() -> None:
    assert MOMENTS.keys() == set(Point)


@pytest.mark.parametrize("point", Point)
def test_table_after_a_kill_equals_that_of_an_undisturbed_run(
    point: Point, experiment: Callable[..., Any], fault: Callable[..., Any], undisturbed: Callable[..., Any]
) -> None:
    disturbed = experiment()

    killed = disturbed.start(fault("kill", point, MOMENTS[point]))
    resumed = disturbed.resume()

    assert killed.exit_code == -signal.SIGKILL, killed.output
    assert resumed.exit_code == 0, resumed.output
    assert disturbed.learning_rows() == undisturbed()
    assert disturbed.leftovers() == []


def test_table_after_a_kill_at_every_point_in_a_row_equals_that_of_an_undisturbed_run(
    experiment: Callable[..., Any], fault: Callable[..., Any], undisturbed: Callable[..., Any]
) -> None:
    disturbed = experiment()
    faults = [fault("kill", point) for point in Point]

    ends = [disturbed.start(*faults)]
    while ends[-1].exit_code == -signal.SIGKILL:
        ends.append(disturbed.resume(*faults))

    assert len(ends) == len(Point) + 1
    assert ends[-1].exit_code == 0, ends[-1].output
    assert disturbed.learning_rows() == undisturbed()
