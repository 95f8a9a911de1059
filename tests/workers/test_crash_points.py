"""A run may end at any of its points; the next attempt ends as if it had not."""

import pytest

from workers.points import Point, pass_by
from workers.publication import drop_staged
from workers.records import Completed, IntervalRecord, RunId

pytestmark = pytest.mark.usefixtures("one_thread")

RUN = RunId("base", 1)
STAGING = (Point.EVALUATED, Point.RESUME_STAGED, Point.WEIGHTS_WRITTEN, Point.CHECKPOINT_STAGED)
PUBLISHING = (Point.RESUME_PUBLISHED, Point.CHECKPOINT_PUBLISHED)
WORKERS_POINTS = (Point.STEP_TAKEN, *STAGING, *PUBLISHING)


class Crash(BaseException):
    """The end of a process: no worker's edge catches it."""


class CrashAt:
    """A `Reach` that ends the run where a point is reached for the `number`-th time."""

    def __init__(self, point: Point, number: int) -> None:
        self._point = point
        self._num_left = number

    def __call__(self, point: Point) -> None:
        self._num_left -= point is self._point
        if not self._num_left:
            raise Crash


@pytest.fixture(scope="module")
def undisturbed(seed_run, tmp_path_factory, one_thread) -> list[dict]:
    """What the intervals of a run from start to end learned."""
    return learning_of(list(seed_run(tmp_path_factory.mktemp("undisturbed"))))


def learning_of(told) -> list[dict]:
    return [value.learning() for value in told if isinstance(value, IntervalRecord)]


def test_points_are_reached_in_their_order(seed_run, tmp_path):
    reached = []

    list(seed_run(tmp_path, reach=reached.append))

    # Four intervals, the first before any step, the others after four steps each.
    interval = [*STAGING, *PUBLISHING]
    assert reached == interval + 3 * ([Point.STEP_TAKEN] * 4 + interval)


def test_points_of_a_run_are_those_that_stand_first_in_their_list():
    # The others belong to whoever keeps the ledger and directs the runs.
    assert [point for point in Point if point in WORKERS_POINTS] == list(WORKERS_POINTS)


def test_complete_run_only_publishes_again(seed_run, tmp_path):
    list(seed_run(tmp_path))
    reached = []

    list(seed_run(tmp_path, attempt=2, reach=reached.append))

    assert reached == list(PUBLISHING) * 4


def test_passing_by_does_nothing():
    assert [pass_by(point) for point in Point] == [None] * len(Point)


@pytest.mark.parametrize("number", [1, 2, 4])
@pytest.mark.parametrize("point", WORKERS_POINTS, ids=lambda point: point.name.lower())
def test_run_that_ended_at_a_point_goes_on_to_the_same_bits(undisturbed, seed_run, paths, contents_of, point, number):
    with pytest.raises(Crash):
        list(seed_run(paths.root, reach=CrashAt(point, number)))
    finals = {path: contents_of(path) for path in paths.root.glob("checkpoints/*/*/interval-*")}

    drop_staged(paths, run=RUN, before_attempt=2)
    told = list(seed_run(paths.root, attempt=2))

    assert learning_of(told) == undisturbed
    assert isinstance(told[-1], Completed)
    assert all(contents_of(path) == content for path, content in finals.items())


@pytest.mark.parametrize("point", WORKERS_POINTS, ids=lambda point: point.name.lower())
def test_run_that_ended_leaves_no_damage_and_nothing_behind(seed_run, paths, point):
    with pytest.raises(Crash):
        list(seed_run(paths.root, reach=CrashAt(point, 2)))

    drop_staged(paths, run=RUN, before_attempt=2)
    list(seed_run(paths.root, attempt=2))

    assert sorted(path.name for path in paths.run_dir("base", 1).iterdir()) == [f"interval-0{i}" for i in range(4)]
    assert sorted(path.name for path in paths.resume_run_dir("base", 1).iterdir()) == ["interval-02", "interval-03"]


@pytest.mark.parametrize("point", WORKERS_POINTS, ids=lambda point: point.name.lower())
def test_run_that_ends_at_a_point_of_every_attempt_goes_on_to_the_same_bits(undisturbed, seed_run, paths, point):
    attempts = 0
    while attempts < 20:
        attempts += 1
        drop_staged(paths, run=RUN, before_attempt=attempts)
        try:
            # Two of the points are passed again for every interval that is whole; each attempt gets one point further.
            list(seed_run(paths.root, attempt=attempts, reach=CrashAt(point, 4 + attempts)))
        except Crash:
            continue
        break

    assert attempts < 20
    assert learning_of(list(seed_run(paths.root, attempt=attempts + 1))) == undisturbed
