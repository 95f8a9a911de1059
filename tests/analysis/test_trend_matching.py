"""Sizes at equal loss: crossings by hand, and what interpolation must not invent."""

import numpy as np
import pytest

from analysis.trends.matching import Reached, at_levels, find_crossing, shared_levels
from analysis.undefined import Undefined

TOKENS = np.array([100, 1_000, 10_000, 100_000])


def test_a_crossing_is_interpolated_in_the_logarithm_of_tokens():
    crossing = find_crossing(np.array([5.0, 4.0, 3.0, 2.0]), tokens=TOKENS, target=3.5)

    assert (crossing.reached, crossing.before, crossing.after) == (Reached.CROSSED, 1, 2)
    assert crossing.weight == pytest.approx(0.5)
    assert crossing.tokens == pytest.approx(1_000 * 10**0.5)  # half way between 10^3 and 10^4
    assert crossing.gap == pytest.approx(0.5 / 3.5)
    assert not crossing.has_near_checkpoint


def test_the_first_of_several_crossings_counts_and_is_said():
    crossing = find_crossing(np.array([5.0, 3.0, 4.0, 2.0]), tokens=TOKENS, target=3.5)

    assert (crossing.reached, crossing.before, crossing.after) == (Reached.CROSSED_AGAIN, 0, 1)


@pytest.mark.parametrize(
    ("target", "reached"), [(1.0, Reached.NOT_REACHED), (5.0, Reached.ALREADY_BELOW), (6.0, Reached.ALREADY_BELOW)]
)
def test_a_target_outside_the_trajectory_is_not_interpolated(target, reached):
    crossing = find_crossing(np.array([5.0, 4.0, 3.0, 2.0]), tokens=TOKENS, target=target)

    assert crossing.reached is reached
    assert crossing.tokens is None


def test_levels_lie_where_all_runs_go_and_are_no_more_than_the_checkpoints_there():
    small = np.array([6.0, 5.0, 4.0, 3.5, 3.2])
    large = np.array([5.5, 4.0, 3.0, 2.5])

    levels = shared_levels([small, large], start_loss=5.2)

    # Shared are 5.2 to 3.2: the small one has four checkpoints there, the large one one.
    assert levels == Undefined(
        "a run has 1 of its checkpoints between the losses 5.200 and 3.200 that all runs pass; a comparison needs 5"
    )
    fine = np.array([5.5, 5.2, 4.8, 4.3, 3.8, 3.4, 3.2, 3.0])
    finer = shared_levels([fine, np.array([5.6, 5.1, 4.4, 3.9, 3.7, 3.6, 2.5])], start_loss=5.2)
    # Between 5.2 and 3.0 the first has seven checkpoints, the second five.
    assert finer.losses == pytest.approx([5.2, 4.65, 4.1, 3.55, 3.0])
    assert finer.largest_gap == pytest.approx(0.5 / 3.0)  # the second run has 2.5 beside 3.0


def test_runs_that_never_meet_have_no_levels():
    assert isinstance(shared_levels([np.array([5.0, 4.5]), np.array([4.0, 3.0])], start_loss=9.0), Undefined)


def test_tokens_at_a_level_are_those_of_the_same_place_on_the_trajectory():
    losses = np.array([5.0, 4.0, 3.0, 2.0])
    values = np.array([[5.0, 4.0, 3.0, 2.0], [1.0, 2.0, 4.0, 8.0]])

    matched = at_levels(values, losses=losses, tokens=TOKENS, levels=np.array([5.0, 3.5, 2.25]))

    assert matched == pytest.approx(np.array([[5.0, 3.5, 2.25], [1.0, 3.0, 7.0]]))
