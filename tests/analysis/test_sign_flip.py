"""Sign-flip tests against enumeration by hand."""

from itertools import product

import numpy as np
import pytest

from analysis.contrasts import contrast_scores
from analysis.sign_flip import SignFlip, flip_levels, flip_mean
from analysis.sign_patterns import FlipMethod


def test_three_seeds_enumerated_by_hand():
    # |mean| of 1, 2, 4 over the patterns up to a common sign: 7, 5, 3, 1 thirds; the observed 7/3 is the largest.
    assert flip_mean(np.array([1.0, 2.0, 4.0])) == SignFlip(
        p=0.25, p_floor=0.25, num_flips=4, method=FlipMethod.EXACT, generator_seed=None
    )
    # 1, 2, -4 gives 1/3, which all four patterns reach.
    assert flip_mean(np.array([1.0, 2.0, -4.0])).p == 1.0
    # 1, -2, 4 gives 3/3: 7, 5 and 3 reach it.
    assert flip_mean(np.array([1.0, -2.0, 4.0])).p == 0.75


def test_omnibus_equals_enumeration(noisy_grid):
    grid = noisy_grid - noisy_grid.mean(axis=0) * 0.97
    scores = contrast_scores(grid)
    statistics = [np.sum((np.array(signs) @ scores) ** 2) for signs in product((1, -1), repeat=len(scores))]
    expected = np.mean(np.array(statistics) >= statistics[0] * (1 - 1e-9))

    assert flip_levels(grid).p == pytest.approx(expected)


def test_contrasts_are_orthonormal_and_sum_to_zero():
    scores_of_units = contrast_scores(np.eye(5))  # row i is column i of C

    assert scores_of_units.T @ scores_of_units == pytest.approx(np.eye(4))
    assert scores_of_units.sum(axis=0) == pytest.approx(np.zeros(4))


@pytest.mark.parametrize(("num_seeds", "floor"), [(3, 0.25), (5, 0.0625), (6, 0.03125), (10, 0.001953125)])
def test_floor_is_two_over_two_to_the_seeds(num_seeds, floor):
    sign_flip = flip_mean(np.arange(1.0, num_seeds + 1))

    assert sign_flip.p == sign_flip.p_floor == floor


def test_fourteen_seeds_are_exact_and_fifteen_are_not():
    assert flip_mean(np.ones(14)).method is FlipMethod.EXACT
    assert flip_mean(np.ones(15)).method is FlipMethod.MONTE_CARLO


def test_monte_carlo_counts_the_observed_pattern_and_names_its_seed():
    values = np.random.default_rng(1).normal(0.3, 1, 20)
    first, again = flip_mean(values, generator_seed=5), flip_mean(values, generator_seed=5)

    assert first == again
    assert first.generator_seed == 5
    assert first.p_floor == 1 / 10_000
    assert flip_mean(np.arange(1.0, 41.0)).p == pytest.approx(1 / 10_000)


def test_monte_carlo_is_near_the_exact_p():
    values = np.random.default_rng(2).normal(0.3, 1, 15)
    signs = np.array(list(product((1, -1), repeat=15)))
    exact = np.mean(np.abs(signs @ values) >= abs(values.sum()) * (1 - 1e-9))

    assert flip_mean(values).p == pytest.approx(exact, abs=0.02)
