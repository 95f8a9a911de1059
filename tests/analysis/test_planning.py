"""What seeds buy, against R 4.2.2.

The commands:
  power.t.test(n = 6, sd = 1, power = .8, sig.level = .05 / 20, type = "paired", strict = TRUE)$delta
  power.t.test(delta = .5, sd = 1, power = .8, sig.level = .05 / 20, type = "paired", strict = TRUE)$n
"""

import numpy as np
import pytest

from analysis.grid import Grid
from analysis.planning import Planning, plan_seeds
from analysis.power import detectable_effect, exact_floor, seeds_for_effect, seeds_for_exact_floor
from analysis.undefined import Undefined


def test_detectable_effect():
    assert detectable_effect(6, num_comparisons=20) == pytest.approx(2.85505264568, rel=1e-6)
    # R without strict = TRUE leaves the other tail out, which is 1e-7 here.
    assert detectable_effect(6) == pytest.approx(1.4345593728, abs=2e-5)


@pytest.mark.parametrize(
    ("num_comparisons", "expected"),
    # Computed with pingouin and scipy for 3, 5, 6, 7, 8, 10, 12 and 20 seeds.
    [
        (1, [3.26, 1.68, 1.43, 1.27, 1.16, 1.00, 0.89, 0.66]),
        (3, [5.67, 2.29, 1.88, 1.62, 1.45, 1.22, 1.08, 0.78]),
        (20, [14.7, 3.78, 2.86, 2.35, 2.03, 1.64, 1.41, 0.98]),
        (210, [47.5, 6.87, 4.66, 3.58, 2.95, 2.25, 1.87, 1.23]),
    ],
)
def test_detectable_effects_of_families(num_comparisons, expected):
    found = [detectable_effect(n, num_comparisons=num_comparisons) for n in (3, 5, 6, 7, 8, 10, 12, 20)]

    assert found == pytest.approx(expected, rel=4e-3, abs=0.0051)


def test_two_seeds_find_only_what_is_enormous():
    assert detectable_effect(2, num_comparisons=210) > 1_000


def test_seeds_for_an_effect():
    # R gives 64.33 and 9.94 seeds.
    assert seeds_for_effect(0.5, num_comparisons=20) == 65
    assert seeds_for_effect(1.0) == 10
    assert seeds_for_effect(0.001) is None


def test_the_seeds_found_are_the_least():
    for num_seeds in (3, 6, 20):
        assert seeds_for_effect(detectable_effect(num_seeds) * 1.0001) == num_seeds


def test_floors_of_exact_tests():
    assert [exact_floor(n) for n in (3, 5, 6, 10)] == [0.25, 0.0625, 0.03125, 0.001953125]
    # statistics of exact tests: x 3 needs 7 seeds, x 20 needs 10, x 210 needs 14.
    assert [seeds_for_exact_floor(m) for m in (1, 3, 20, 210)] == [6, 7, 10, 14]


def test_plan_of_an_experiment():
    rng = np.random.default_rng(0)
    grid = Grid(values=rng.normal(size=(6, 21)), subjects=tuple(range(6)), levels=tuple(range(21)))
    plan = plan_seeds(grid)

    assert isinstance(plan, Planning)
    assert not isinstance(plan.sd, Undefined)
    differences = grid.values[:, :-1] - grid.values[:, -1:]
    assert plan.sd == pytest.approx(np.median(differences.std(axis=0, ddof=1)))
    # At six seeds the interval of an SD is .62 to 2.45 times the SD.
    assert plan.sd_ci95_low / plan.sd == pytest.approx(0.624, abs=5e-4)
    assert plan.sd_ci95_high / plan.sd == pytest.approx(2.453, abs=5e-4)
    assert [row.num_comparisons for row in plan.detectable] == [1, 20, 210]
    assert [row.can_reach_alpha for row in plan.exact_floors] == [True, False, False]
    assert all(
        row.num_seeds_if_sd_is_high >= row.num_seeds
        for row in plan.seeds_needed
        if not isinstance(row.num_seeds_if_sd_is_high, Undefined)
    )


def test_parallel_seeds_have_no_deviation_to_plan_with():
    values = np.array([[3.1, 2.2, 1.3]]) + np.array([[0.0], [0.1], [0.3], [0.7]])
    plan = plan_seeds(Grid(values=values, subjects=(1, 2, 3, 4), levels=(0, 1, 2)))

    assert isinstance(plan, Planning)
    assert isinstance(plan.sd, Undefined)
    assert isinstance(plan.detectable[0].effect, Undefined)
    assert plan.detectable[0].sd_units > 0
