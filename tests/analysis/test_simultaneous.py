"""Every level against a reference, against R 4.2.2 on seconds until retching (Field 2013, chapter 15).

The commands, with Y the table below as an 8 x 4 matrix, D a matrix of differences and F all differences looked at:
  p.adjust(apply(D, 2, function(d) t.test(d)$p.value), "holm")
  t.test(D[, j], conf.level = 1 - .05 / m)$conf.int
  flips <- as.matrix(expand.grid(rep(list(c(1, -1)), 8))); T <- function(d) abs(mean(d) / (sd(d) / sqrt(8)))
  M <- apply(flips, 1, function(s) max(apply(F * s, 2, T))); mean(M >= T(D[, j]) - 1e-9)
"""

import numpy as np
import pytest

from analysis.grid import Grid
from analysis.simultaneous import AgainstReference, Reference, Simultaneous, compare_with_references
from analysis.undefined import Undefined

SECONDS = np.array(
    [
        [8, 9, 6, 5, 8, 7, 10, 12],
        [7, 5, 2, 3, 4, 5, 2, 6],
        [1, 2, 3, 1, 5, 6, 7, 8],
        [6, 5, 8, 9, 8, 7, 2, 1],
    ],
    dtype=float,
).T


def grid_of(values: np.ndarray) -> Grid:
    return Grid(values=values, subjects=tuple(range(len(values))), levels=tuple(range(values.shape[1])))


def family(values: np.ndarray, reference: Reference) -> AgainstReference:
    result = compare_with_references(grid_of(values))
    assert isinstance(result, Simultaneous)
    return result.references[reference.value]


def test_against_the_last_level():
    last = family(SECONDS, Reference.LAST)

    assert (last.level, last.num_comparisons, last.chosen_from_data) == (3, 3, False)
    assert [row.level for row in last.rows] == [0, 1, 2]
    assert [row.p for row in last.rows] == pytest.approx([0.226729616502, 0.298671876309, 0.402042132687])
    assert [row.p_holm for row in last.rows] == pytest.approx([0.680188849505] * 3)
    assert [row.p_max_t for row in last.rows] == [0.5078125, 0.59375, 0.7421875]
    assert [row.sim95_low for row in last.rows] == pytest.approx([-3.23026264703, -5.67936752481, -7.32298175819])
    assert [row.sim95_high for row in last.rows] == pytest.approx([7.98026264703, 2.67936752481, 4.07298175819])


def test_against_the_lowest_mean_pays_for_every_pair():
    lowest = family(SECONDS, Reference.MINIMUM)

    assert (lowest.level, lowest.num_comparisons, lowest.chosen_from_data) == (2, 6, True)
    assert "chosen from the same data" in lowest.note
    assert [row.p_max_t for row in lowest.rows] == [0.015625, 1.0, 0.859375]
    assert [row.p_holm for row in lowest.rows] == pytest.approx([0.00564485983508, 0.920074728368, 0.906918466006])
    assert [row.sim95_low for row in lowest.rows] == pytest.approx([1.33886145377, -4.24432153409, -4.99895462968])
    assert [row.sim95_high for row in lowest.rows] == pytest.approx([6.66113854623, 4.49432153409, 8.24895462968])


def test_the_single_interval_is_inside_the_simultaneous_one():
    for row in family(SECONDS, Reference.FIRST).rows:
        assert row.sim95_low < row.ci95_low < row.mean_difference < row.ci95_high < row.sim95_high


def test_first_and_last_are_declared_by_place():
    result = compare_with_references(grid_of(SECONDS))

    assert isinstance(result, Simultaneous)
    assert result.declared is Reference.LAST
    assert [family.level for family in result.references.values()] == [0, 3, 2]


def test_floor_of_six_seeds_is_told():
    first = family(np.random.default_rng(0).normal(size=(6, 5)), Reference.FIRST)

    assert not isinstance(first.max_t, Undefined)
    assert first.max_t.p_floor == 0.03125
    assert first.max_t.num_flips == 32


def test_difference_that_does_not_vary_is_named_and_still_counted():
    values = SECONDS.copy()
    values[:, 1] = values[:, 3] + 0.25
    last = family(values, Reference.LAST)

    assert [row.level for row in last.rows] == [0, 2]
    assert [(item.level, "does not vary" in item.why) for item in last.excluded] == [(1, True)]
    assert last.num_comparisons == 3
    # Two tests and the fixed difference, which enters as 1: the smallest p is tripled.
    assert last.rows[0].p_holm == pytest.approx(min(1, 3 * last.rows[0].p))


def test_parallel_seeds_have_no_max_t():
    values = np.array([[3.1, 2.2, 1.3]]) + np.array([[0.0], [0.1], [0.3], [0.7]])
    first = family(values, Reference.FIRST)

    assert first.rows == ()
    assert isinstance(first.max_t, Undefined)
    assert len(first.excluded) == 2


def test_one_seed_has_no_comparison():
    assert isinstance(compare_with_references(grid_of(SECONDS[:1])), Undefined)


def test_too_many_pairs_leave_the_lowest_mean_without_adjusted_p():
    values = np.random.default_rng(0).normal(size=(20, 200))
    lowest, last = family(values, Reference.MINIMUM), family(values, Reference.LAST)

    assert isinstance(lowest.rows[0].p_max_t, Undefined)
    assert isinstance(lowest.rows[0].p_holm, Undefined)
    assert lowest.num_comparisons == 199 * 100
    assert not isinstance(last.rows[0].p_max_t, Undefined)


def test_max_t_p_does_not_depend_on_the_order_of_seeds():
    shuffled = family(np.random.default_rng(3).permutation(SECONDS, axis=0), Reference.LAST)

    assert [row.p_max_t for row in shuffled.rows] == [0.5078125, 0.59375, 0.7421875]


def test_monte_carlo_family_names_its_generator():
    values = np.random.default_rng(2).normal(size=(16, 3)) + np.array([0.0, 0.0, 1.0])
    last = family(values, Reference.LAST)

    assert not isinstance(last.max_t, Undefined)
    assert (last.max_t.method, last.max_t.num_flips, last.max_t.p_floor) == ("monte-carlo", 9_999, 1 / 10_000)
    assert last.max_t.generator_seed is not None
    # Holm's p on the same data is near it: with two comparisons there is little to gain from their correlation.
    assert last.rows[0].p_max_t == pytest.approx(last.rows[0].p_holm, abs=0.02)
