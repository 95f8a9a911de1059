"""Breaks in trajectories, against R 4.2.2 with strucchange 1.5-3 and against every split tried by hand.

The commands, with x <- 1:16 and y as below:
  b <- breakpoints(y ~ x, h = 3, breaks = 4)
  sapply(0:4, function(m) BIC(breakpoints(b, breaks = m))); sapply(0:4, function(m) breakpoints(b, breaks = m)$RSS)
"""

from itertools import combinations, pairwise

import numpy as np
import pytest

from analysis.axis import LevelPositions
from analysis.change_points import ChangePoints, find_change_points
from analysis.grid import Grid
from analysis.segmentation import best_segmentation
from analysis.undefined import Undefined

X = np.arange(1.0, 17.0)
KNEE = np.array([5.02, 4.47, 4.01, 3.52, 2.98, 2.51, 2.03, 2.11, 2.18, 2.32, 2.41, 2.47, 2.62, 2.70, 2.79, 2.93])
FLAT = np.array([3.1, 2.9, 3.0, 3.2, 2.8, 3.1, 3.0, 2.9, 3.1, 3.0, 2.95, 3.05, 2.9, 3.1, 3.0, 3.02])


def test_knee():
    found = best_segmentation(KNEE[None], x=X, max_segments=5)

    assert found.starts == (7,)
    assert found.bic_by_segments == pytest.approx(
        [40.3342939506, -64.6186863313, -59.6633692168, -56.4941073894, -48.7233644114]
    )
    assert found.rss_by_segments == pytest.approx(
        [6.92920191176470, 0.00583619047619, 0.00473000000000, 0.00342857142857, 0.00331333333333]
    )


def test_flat_noise_has_no_break():
    found = best_segmentation(FLAT[None], x=X, max_segments=5)

    assert found.starts == ()
    assert found.bic_by_segments == pytest.approx(
        [-20.52545394373, -14.99627038552, -9.00061469366, -1.92454729066, 5.21928438631]
    )


def test_common_breaks_are_the_best_of_all_splits():
    rng = np.random.default_rng(4)
    x = np.sort(rng.uniform(0, 10, 13))
    series = rng.normal(size=(3, 13)) + np.where(x > x[6], 3 * (x - x[6]), 0.0)

    def rss(starts):
        edges = [0, *starts, 13]
        return sum(
            np.sum((row[a:b] - np.polyval(np.polyfit(x[a:b], row[a:b], 1), x[a:b])) ** 2)
            for row in series
            for a, b in pairwise(edges)
        )

    splits = [s for s in combinations(range(3, 11), 2) if s[1] - s[0] >= 3]
    found = best_segmentation(series, x=x, max_segments=3)

    assert found.rss_by_segments[1] == pytest.approx(min(rss([start]) for start in range(3, 11)))
    assert found.rss_by_segments[2] == pytest.approx(min(rss(split) for split in splits))


@pytest.mark.parametrize("at", range(3, 18))
def test_no_position_is_skipped(at):
    # A search in steps of five misses a change at index 8 on 21 points.
    level = np.where(np.arange(21) >= at, 1.0, 0.0) + 0.01 * np.random.default_rng(at).normal(size=21)

    assert best_segmentation(level[None], x=np.arange(21.0), max_segments=2).starts == (at,)


def test_perfect_lines_are_not_split_further():
    x = np.arange(12.0)
    found = best_segmentation(np.abs(x - 5.5)[None], x=x, max_segments=4)

    assert found.starts == (6,)


def test_breaks_are_named_by_level_over_the_logarithm_of_tokens():
    positions = np.concatenate([[0.0], 1000.0 * np.arange(1, 17)])
    values = np.vstack([np.where(positions > 7000, 0.3, -1.0) * np.log2(np.maximum(positions, 1) / 7000)] * 2)
    values[:, 0] = 8.3
    values += 0.001 * np.random.default_rng(0).normal(size=values.shape)
    grid = Grid(values=values, subjects=(101, 202), levels=tuple(range(17)))

    found = find_change_points(grid, axis=LevelPositions(name="tokens", positions=positions))

    assert isinstance(found, ChangePoints)
    assert (found.axis, found.from_level) == ("log2 of tokens", 1)
    # At 7,000 tokens both lines meet, so that level belongs to either.
    assert found.shared in ((7,), (8,))
    assert [row.seed for row in found.per_seed] == [101, 202]


def test_five_levels_are_too_few():
    grid = Grid(values=np.ones((2, 5)), subjects=(1, 2), levels=tuple(range(5)))

    assert isinstance(find_change_points(grid, axis=Undefined("none")), Undefined)


def test_equal_values_have_no_break():
    grid = Grid(values=np.zeros((2, 8)), subjects=(1, 2), levels=tuple(range(8)))
    found = find_change_points(grid, axis=Undefined("none"))

    assert isinstance(found, ChangePoints)
    assert found.shared == ()
    assert found.axis == "the order of the levels"
