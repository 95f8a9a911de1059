"""Spread between seeds, against R 4.2.2 with psych 2.2.9 and lme4 1.1-31.

The commands, with B the table below as a 6 x 3 matrix and y its columns below one another:
  psych::ICC(B, lmer = FALSE); psych::ICC(t(A), lmer = FALSE)
  as.data.frame(VarCorr(lmer(y ~ (1 | seed) + (1 | level))))
  r <- rstudent(lm(rowMeans(B) ~ 1)); p <- 2 * pt(-abs(r), 4); p.adjust(p, "holm")
  shape <- sapply(1:6, function(i) { d <- B[i, ] - colMeans(B[-i, ]); log(sqrt(mean((d - mean(d))^2))) })
"""

import numpy as np
import pytest

from analysis.common_mode import CommonMode, DataOrder, common_mode
from analysis.grid import Grid
from analysis.icc import intraclass_correlations
from analysis.outlying_seeds import outlying_seeds, studentized_deviations
from analysis.undefined import Undefined
from analysis.variability import seed_variability
from analysis.variance_components import VarianceComponents, variance_components

A = np.array([[8.1, 3.9, 3.0], [8.4, 3.6, 3.2], [8.0, 3.7, 2.8], [8.3, 4.1, 3.4], [8.2, 3.5, 2.9], [8.5, 3.8, 3.1]])
B = A + np.array([[0.0], [0.5], [-0.3], [0.8], [0.2], [-0.6]])


def grid_of(values: np.ndarray) -> Grid:
    return Grid(values=values, subjects=tuple(range(len(values))), levels=tuple(range(values.shape[1])))


@pytest.mark.parametrize(
    ("values", "of", "kind", "expected"),
    [
        (B, "seeds", "consistency", (0.93648449040, 0.7633680101, 0.9900464923)),
        (B, "seeds", "agreement", (0.04253035487, 3.309205783e-04, 0.2742721009)),
        (A, "seeds", "consistency", (0.44155844155845, -7.29460791062e-02, 0.8766467866806)),
        (A, "seeds", "agreement", (0.00237645907598, -6.52945662575e-04, 0.0235274758207)),
        (A, "levels", "consistency", (0.996987318714, 0.983743498395, 0.999923344513)),
        (A, "levels", "agreement", (0.994618019151, 0.972099740541, 0.999862767222)),
    ],
)
def test_intraclass_correlation(values, of, kind, expected):
    rows = intraclass_correlations(values)

    assert not isinstance(rows, Undefined)
    row = next(row for row in rows if (row.of, row.type) == (of, kind))
    assert (row.value, row.ci95_low, row.ci95_high) == pytest.approx(expected, rel=1e-8)


def test_variance_components():
    components = variance_components(B)

    assert isinstance(components, VarianceComponents)
    # lme4's optimiser stops seven digits in.
    assert components.seed.variance == pytest.approx(0.35222255, rel=1e-6)
    assert components.level.variance == pytest.approx(7.9055950, rel=1e-5)
    assert components.residual.variance == pytest.approx(0.02388885, rel=1e-5)
    assert components.residual.sd == pytest.approx(0.15456020, rel=1e-5)


def test_negative_component_is_said_and_has_no_deviation():
    components = variance_components(np.array([[1.0, 2.0, 1.5], [2.0, 1.0, 1.6], [1.4, 1.6, 1.5]]))

    assert isinstance(components, VarianceComponents)
    assert components.seed.variance < 0
    assert isinstance(components.seed.sd, Undefined)


def test_seed_offsets_against_the_others():
    t = studentized_deviations(B.mean(axis=1))

    assert t == pytest.approx(
        [
            -0.2097506678131,
            0.7674606488216,
            -1.1098964022246,
            2.3862060402127,
            -0.0998927348179,
            -1.1098964022246,
        ]
    )


def test_outlying_seeds_in_offset_and_shape():
    rows = outlying_seeds(grid_of(B))

    assert not isinstance(rows, Undefined)
    assert [row.what for row in rows] == ["offset"] * 6 + ["shape"] * 6
    assert rows[3].p == pytest.approx(0.0754782548152)
    assert rows[3].p_holm == pytest.approx(0.452869528891)
    assert [row.value for row in rows[6:]] == pytest.approx(
        [-1.94720070204, -1.74519648023, -2.21888713971, -1.83084835976, -2.24196816059, -2.09911234635]
    )
    assert rows[7].t == pytest.approx(1.666019066695)
    assert not any(row.stands_out for row in rows)


def test_seed_that_stands_out_is_flagged_alone():
    rows = outlying_seeds(grid_of(A + np.array([[0.0], [0.0], [0.0], [0.0], [0.0], [5.0]])))

    assert not isinstance(rows, Undefined)
    assert [(row.seed, row.what) for row in rows if row.stands_out] == [(5, "offset")]


def test_three_seeds_cannot_tell_which_one_is_odd():
    assert isinstance(outlying_seeds(grid_of(A[:3])), Undefined)


def test_parallel_seeds_differ_in_offset_only():
    rows = outlying_seeds(grid_of(A[:1] + np.array([[0.0], [0.1], [0.3], [0.7], [0.2]])))

    assert not isinstance(rows, Undefined)
    assert {row.what for row in rows} == {"offset"}


def test_identical_seeds_have_no_variability_to_analyse():
    variability = seed_variability(grid_of(np.repeat(A[:1], 5, axis=0)))

    assert isinstance(variability.icc, Undefined)
    assert isinstance(variability.variance_components, Undefined)
    assert variability.outlying_seeds == ()
    assert [row.sd for row in variability.levels] == [0, 0, 0]


def test_shared_data_order_is_warned_about():
    deltas = np.random.default_rng(0).normal(size=(1, 12))
    grid = grid_of(np.cumsum(deltas + 0.1 * np.random.default_rng(1).normal(size=(4, 12)), axis=1))

    shared, own = (common_mode(grid, window=2, data_order=order) for order in (DataOrder.SHARED, DataOrder.OWN))

    assert isinstance(shared, CommonMode)
    assert isinstance(own, CommonMode)
    assert shared.common_variance_share > 0.9
    assert "same order" in shared.warning
    assert "its own order" in own.warning
