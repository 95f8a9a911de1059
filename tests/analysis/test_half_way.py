"""The step at which half of a change is made is told where steps were measured, and nowhere else."""

import numpy as np
import pytest

from analysis.probes.half_way import half_way_interval_text, half_way_step
from analysis.undefined import Undefined, to_plain

STEPS = np.array([0.0, 20.0, 40.0, 60.0])
TOTAL = np.array([-3.0, -3.0, -3.0])


def test_part_that_overshoots_has_no_step_before_the_first_that_was_measured() -> None:
    # Self-alignment of a quickstart run: at step 20 it is far beyond half of its whole change.
    grid = np.array([[0.03, 0.50, 0.28, 0.13], [0.03, 0.28, 0.16, 0.14], [0.04, 0.46, 0.26, 0.14]])

    found = half_way_step(grid, steps=STEPS, total_changes=TOTAL)

    assert found == Undefined("half of the change is made before step 20, the first step measured after 0")


def test_one_seed_that_overshoots_leaves_no_mean() -> None:
    grid = np.array([[0.0, 0.9, 1.0, 1.0], [0.0, 0.1, 0.9, 1.0], [0.0, 0.1, 0.9, 1.0]])

    found = half_way_step(grid, steps=STEPS, total_changes=TOTAL)

    assert isinstance(found, Undefined)
    assert found.reason.endswith("before step 20, the first step measured after 0, in 1 of 3 seeds")


def test_half_of_a_change_at_the_first_measured_step_is_told() -> None:
    found = half_way_step(np.array([[0.0, 0.5, 0.8, 1.0]]), steps=STEPS, total_changes=TOTAL[:1])

    assert not isinstance(found, Undefined)
    assert found.mean == pytest.approx(20.0)


def test_steps_that_begin_after_the_start_are_interpolated_from_the_first_on() -> None:
    found = half_way_step(np.array([[0.0, 1.0]]), steps=np.array([99.0, 399.0]), total_changes=TOTAL[:1])

    # Half of the way from ln 100 to ln 400.
    assert not isinstance(found, Undefined)
    assert found.mean == pytest.approx(199.0)


def test_end_of_an_interval_that_was_not_measured_is_said_and_not_computed() -> None:
    # Half-way at 20 in one seed and near 50 in the other: the t interval of two seeds is far wider than both.
    grid = np.array([[0.0, 0.5, 0.9, 1.0], [0.0, 0.1, 0.2, 1.0]])

    found = half_way_step(grid, steps=STEPS, total_changes=TOTAL[:2])

    assert not isinstance(found, Undefined)
    assert found.ci95_low == Undefined("before step 20")
    assert found.ci95_high == Undefined("after step 60")
    assert half_way_interval_text(to_plain(found)) == "[before step 20, after step 60]"


def test_interval_is_written_in_whole_steps_and_is_empty_with_one_seed() -> None:
    two = half_way_step(np.array([[0.0, 0.1, 0.6, 1.0]] * 2), steps=STEPS, total_changes=TOTAL[:2])
    one = half_way_step(np.array([[0.0, 0.1, 0.6, 1.0]]), steps=STEPS, total_changes=TOTAL[:1])

    # Four fifths of the way from ln 21 to ln 41, less one: 34.9.
    assert half_way_interval_text(to_plain(two)) == "[35, 35]"
    assert half_way_interval_text(to_plain(one)) == ""


@pytest.mark.parametrize(
    ("grid", "reason"),
    [
        (np.zeros((0, 4)), "no seed has every interval"),
        (np.array([[1.0, 1.0, 1.0, 1.0]]), "the whole change is at most 2 % of the cross entropy's"),
        (np.array([[0.0, 0.1, 0.9, 1.0], [0.0, -0.1, -0.9, -1.0]]), "it does not go the same way in all seeds"),
    ],
)
def test_change_without_a_half_says_why(grid, reason) -> None:
    found = half_way_step(grid, steps=STEPS, total_changes=np.full(len(grid), -3.0))

    assert found == Undefined(reason)
