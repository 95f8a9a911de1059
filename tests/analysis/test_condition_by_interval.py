"""Conditions over intervals, against R 4.2.2 with car 3.1-1.

The commands, with A, B, C the tables below as 6 x 3 matrices and E the first five rows of C:
  id <- expand.grid(level = factor(1:3), cond = factor(1:c))
  summary(Anova(lm(cbind(A, B) ~ 1), idata = id, idesign = ~ cond * level), multivariate = FALSE)
  t.test(B[, j] - A[, j]); p.adjust(p, "holm"); t.test(B[, j] - A[, j], conf.level = 1 - .05 / 3)
  flips <- as.matrix(expand.grid(rep(list(c(1, -1)), 6))); T <- function(d) abs(mean(d) / (sd(d) / sqrt(6)))
  M <- apply(flips, 1, function(s) max(apply((B - A) * s, 2, T))); mean(M >= T(B[, j] - A[, j]) - 1e-9)
  t.test(E[, j], A[, j]); the share of the 462 divisions of rbind(A, E) whose largest |Welch's t| reaches the observed
  g <- factor(c(rep("a", 6), rep("e", 5))); contrasts(g) <- contr.sum(2)
  Anova(lm(rbind(A, E) ~ g), idata = data.frame(level = factor(1:3)), idesign = ~ level, type = 3)
"""

import json

import numpy as np
import pytest

from analysis.condition_by_interval import (
    Comparison,
    ConditionByInterval,
    compare_conditions,
    condition_by_interval,
)
from analysis.condition_difference import ConditionDifference, LevelDifferences
from analysis.grid import Grid
from analysis.undefined import Undefined, to_plain
from analysis.within_effect import WithinEffect

A = np.array([[8.1, 3.9, 3.0], [8.4, 3.6, 3.2], [8.0, 3.7, 2.8], [8.3, 4.1, 3.4], [8.2, 3.5, 2.9], [8.5, 3.8, 3.1]])
B = np.array([[8.0, 3.4, 2.7], [8.6, 3.3, 3.1], [8.1, 3.5, 2.3], [8.2, 3.7, 3.0], [8.3, 3.2, 2.9], [8.4, 3.6, 2.6]])
C = np.array([[8.3, 3.1, 2.5], [8.2, 3.2, 2.6], [8.4, 3.0, 2.9], [8.5, 3.3, 2.2], [8.1, 3.5, 2.4], [8.6, 2.9, 2.7]])


def grid_of(values: np.ndarray, *, first_seed: int = 101) -> Grid:
    return Grid(
        values=values,
        subjects=tuple(range(first_seed, first_seed + len(values))),
        levels=tuple(range(values.shape[1])),
    )


@pytest.fixture
def paired() -> Comparison:
    return compare_conditions(grid_of(A), grid_of(B), names=("small", "large"))


@pytest.fixture
def unpaired() -> Comparison:
    return compare_conditions(grid_of(A), grid_of(C[:5], first_seed=901), names=("small", "large"))


def three() -> ConditionByInterval:
    result = condition_by_interval({"a": grid_of(A), "b": grid_of(B), "c": grid_of(C)})
    assert isinstance(result, ConditionByInterval)
    return result


def test_shared_seeds_are_paired(paired):
    assert paired.pairing == "paired"
    assert paired.seeds_a == paired.seeds_b == (101, 102, 103, 104, 105, 106)
    assert paired.left_out == ()


def test_interaction_of_two_conditions(paired):
    interaction = paired.interaction

    assert isinstance(interaction, WithinEffect)
    assert pytest.approx(10.76271, abs=5e-6) == interaction.F
    assert (interaction.df_effect, interaction.df_error) == (2, 10)
    assert interaction.epsilon.gg == pytest.approx(0.6169797944)
    assert interaction.epsilon.hf == pytest.approx(0.717432228916)
    assert interaction.p.uncorrected == pytest.approx(0.0032114, abs=5e-8)
    assert interaction.p.gg == pytest.approx(0.013879, abs=5e-7)
    assert interaction.p.hf == pytest.approx(0.00941077211872)
    # R prints the sums of squares .2116667 and .0983333.
    assert interaction.pes == pytest.approx(0.6827957, abs=5e-7)


def test_differences_at_each_level(paired):
    by_level = paired.by_level

    assert isinstance(by_level, LevelDifferences)
    rows = by_level.rows
    assert [row.mean_difference for row in rows] == pytest.approx([0.0166666666667, -0.31666666666667, -0.3])
    assert [row.t for row in rows] == pytest.approx([0.3071475584170, -6.63508780981099, -3.5032452487269])
    assert [row.df for row in rows] == [5, 5, 5]
    assert [row.p for row in rows] == pytest.approx([0.7711118563589, 0.00117161939605, 0.0172245496803])
    assert [row.p_holm for row in rows] == pytest.approx([0.77111185635889, 0.00351485818816, 0.03444909936068])
    assert [row.p_max_t for row in rows] == [1.0, 0.0625, 0.09375]
    assert rows[1].ci95_low == pytest.approx(-0.43935043583716)
    assert [row.sim95_low for row in rows] == pytest.approx([-0.175103847060, -0.485335882262, -0.60264315968253])
    assert [row.sim95_high for row in rows] == pytest.approx([0.208437180394, -0.147997451072, 0.00264315968253])


def test_average_and_minimum_of_each_seed(paired):
    mean, minimum = paired.mean, paired.minimum

    assert isinstance(mean, ConditionDifference)
    assert isinstance(minimum, ConditionDifference)
    assert (mean.mean_difference, mean.t, mean.p) == pytest.approx((-0.2, -4.47213595499958, 0.00656627182756))
    assert (mean.ci95_low, mean.ci95_high) == pytest.approx((-0.31495991452418, -0.08504008547582))
    assert (minimum.mean_difference, minimum.t) == pytest.approx((-0.3, -3.5032452487269))
    assert not isinstance(mean.exact, Undefined)
    assert mean.exact.p_floor == 0.03125


def test_final_is_the_last_shared_level(paired):
    assert isinstance(paired.final, ConditionDifference)
    assert not isinstance(paired.final.per_seed, Undefined)
    assert [row.value for row in paired.final.per_seed] == pytest.approx([-0.3, -0.1, -0.5, -0.4, 0.0, -0.5])


def test_three_conditions():
    result = three()

    for effect, f, df, p_gg, eps in (
        (result.condition, 14.00695, (2, 10), 0.0035324, 0.7794129628),
        (result.interval, 4860.07230, (2, 10), 3.6383e-12, 0.7493820063),
        (result.interaction, 4.00405, (4, 20), 0.0619311, 0.4384499935),
    ):
        assert isinstance(effect, WithinEffect)
        assert pytest.approx(f, abs=5e-6) == effect.F
        assert (effect.df_effect, effect.df_error) == df
        assert effect.p.gg == pytest.approx(p_gg, rel=2e-5)
        assert effect.epsilon.gg == pytest.approx(eps)
    assert isinstance(result.interaction, WithinEffect)
    assert result.interaction.epsilon.hf == pytest.approx(0.656367427856)


def test_pairs_of_conditions_share_one_error_rate():
    comparisons = three().comparisons
    means = [comparison.mean for comparison in comparisons]

    assert [(comparison.a, comparison.b) for comparison in comparisons] == [("a", "b"), ("a", "c"), ("b", "c")]
    assert [mean.p for mean in means] == pytest.approx([0.00656627182756, 0.00637407154534, 0.10056357584415])
    assert [mean.p_holm for mean in means] == pytest.approx([0.019122214636, 0.019122214636, 0.100563575844])


def test_seeds_of_other_numbers_are_not_paired(unpaired):
    by_level, mean = unpaired.by_level, unpaired.mean

    assert unpaired.pairing == "unpaired"
    assert isinstance(by_level, LevelDifferences)
    assert [row.t for row in by_level.rows] == pytest.approx([0.480384461415, -4.4372970021413, -3.75649140848128])
    assert [row.df for row in by_level.rows] == pytest.approx([8.989361702128, 8.9327633336365, 7.86994187721643])
    assert [row.p for row in by_level.rows] == pytest.approx([0.642428427019, 0.0016600807458, 0.00574022102601])
    assert [row.p_max_t for row in by_level.rows] == pytest.approx([0.9588744588745, 0.0151515151515, 0.0216450216450])
    assert isinstance(mean, ConditionDifference)
    assert (mean.t, mean.df, mean.p) == pytest.approx((-4.92501333757995, 6.10770490465276, 0.00251411066615))
    assert mean.p_exact == pytest.approx(1 / 462)
    assert not isinstance(mean.exact, Undefined)
    assert (mean.exact.p_floor, mean.exact.num_patterns) == (1 / 462, 462)
    assert isinstance(mean.per_seed, Undefined)


def test_interaction_between_different_seeds(unpaired):
    interaction = unpaired.interaction

    assert isinstance(interaction, WithinEffect)
    assert pytest.approx(8.04399, abs=5e-6) == interaction.F
    assert (interaction.df_effect, interaction.df_error) == (2, 18)
    assert interaction.epsilon.gg == pytest.approx(0.9284825611)
    assert interaction.epsilon.hf == 1
    assert interaction.p.gg == pytest.approx(0.0041214, abs=5e-8)
    assert isinstance(unpaired.interaction_sign_flip, Undefined)


def test_what_only_one_condition_has_is_left_out_by_name():
    longer = Grid(values=np.hstack([B, B[:, :1]]), subjects=tuple(range(103, 109)), levels=(0, 1, 2, 3))
    gap = longer.values.copy()
    gap[1, 1] = np.nan
    comparison = compare_conditions(
        grid_of(A), Grid(values=gap, subjects=longer.subjects, levels=longer.levels), names=("small", "large")
    )

    assert comparison.pairing == "paired"
    assert comparison.levels == (0, 1, 2)
    assert comparison.seeds_a == (103, 105, 106)
    assert [(item.condition, item.what, item.id) for item in comparison.left_out] == [
        ("large", "level", "3"),
        ("small", "seed", "101"),
        ("small", "seed", "102"),
        ("small", "seed", "104"),
        ("large", "seed", "104"),
        ("large", "seed", "107"),
        ("large", "seed", "108"),
    ]
    assert [item.why for item in comparison.left_out if item.id == "104"] == [
        "large has no complete seed of this number",
        "it has no value at some level that is compared",
    ]


def test_identical_conditions_have_no_test_and_no_nan():
    comparison = compare_conditions(grid_of(A), grid_of(A), names=("one", "two"))

    assert isinstance(comparison.interaction, Undefined)
    assert isinstance(comparison.mean, ConditionDifference)
    assert comparison.mean.mean_difference == 0
    assert isinstance(comparison.mean.p, Undefined)
    assert isinstance(comparison.by_level, LevelDifferences)
    assert all(isinstance(row.p_max_t, Undefined) for row in comparison.by_level.rows)
    json.dumps(to_plain(comparison), allow_nan=False)


def test_conditions_without_a_common_level_are_not_compared():
    other = Grid(values=B, subjects=tuple(range(101, 107)), levels=(7, 8, 9))
    comparison = compare_conditions(grid_of(A), other, names=("one", "two"))

    assert comparison.mean == comparison.by_level == Undefined("the conditions share no level")
    assert len(comparison.left_out) == 6


def test_one_seed_each_is_not_compared():
    comparison = compare_conditions(grid_of(A[:1]), grid_of(B[:1]), names=("one", "two"))

    assert isinstance(comparison.mean, Undefined)
    assert "1 and 1 complete seeds" in comparison.mean.reason


def test_single_condition_has_nothing_to_be_compared_with():
    assert isinstance(condition_by_interval({"base": grid_of(A)}), Undefined)


def test_one_level_has_a_difference_but_no_interaction():
    comparison = compare_conditions(grid_of(A[:, :1]), grid_of(B[:, :1]), names=("one", "two"))

    assert isinstance(comparison.interaction, Undefined)
    assert isinstance(comparison.mean, ConditionDifference)
    assert comparison.mean.t == pytest.approx(0.3071475584170)


def test_many_different_seeds_are_exchanged_at_random():
    rng = np.random.default_rng(5)
    comparison = compare_conditions(
        grid_of(rng.normal(size=(12, 4))), grid_of(rng.normal(size=(12, 4)), first_seed=900), names=("one", "two")
    )

    assert isinstance(comparison.mean, ConditionDifference)
    assert not isinstance(comparison.mean.exact, Undefined)
    assert (comparison.mean.exact.method, comparison.mean.exact.p_floor) == ("monte-carlo", 1 / 10_000)
    # scipy.stats.permutation_test would give nearly Welch's p at 12 + 12 normal values.
    assert comparison.mean.p_exact == pytest.approx(comparison.mean.p, abs=0.03)
