"""The sensitivity model, against R 4.2.2 with lme4 1.1-31.

The commands, with y the columns of the 6 x 3 table below one another:
  m <- lmer(y ~ level + (1 | seed), REML = TRUE or FALSE); logLik(m); as.data.frame(VarCorr(m))
  b <- fixef(m)[2:3]; V <- as.matrix(vcov(m))[2:3, 2:3]; t(b) %*% solve(V) %*% b
"""

import numpy as np
import pytest

from analysis.mixed_model import Likelihood, MixedModel, fit_mixed_model
from analysis.undefined import Undefined

A = np.array([[8.1, 3.9, 3.0], [8.4, 3.6, 3.2], [8.0, 3.7, 2.8], [8.3, 4.1, 3.4], [8.2, 3.5, 2.9], [8.5, 3.8, 3.1]])


def test_restricted_maximum_likelihood():
    model = fit_mixed_model(A)

    assert isinstance(model, MixedModel)
    assert model.log_likelihood == pytest.approx(0.997012442701)
    assert model.seed_sd == pytest.approx(0.137436854, rel=1e-4)
    assert model.residual_sd == pytest.approx(0.154560308, rel=1e-4)
    assert model.wald_chi2 == pytest.approx(3973.16279212, rel=1e-4)
    assert model.df == 2


def test_maximum_likelihood():
    model = fit_mixed_model(A, method=Likelihood.ML)

    assert isinstance(model, MixedModel)
    assert model.log_likelihood == pytest.approx(6.062475987)
    assert model.seed_sd == pytest.approx(0.125462109, rel=1e-4)


@pytest.mark.parametrize("unit", [1e-6, 1e6])
def test_unit_of_the_metric_changes_nothing_but_units(unit):
    model = fit_mixed_model(A * unit)

    assert isinstance(model, MixedModel)
    assert model.wald_chi2 == pytest.approx(3973.16279212, rel=1e-4)
    assert model.seed_sd == pytest.approx(0.137436854 * unit, rel=1e-4)
    # The density of 15 contrasts is divided by the unit once for each.
    assert model.log_likelihood == pytest.approx(0.997012442701 - 15 * np.log(unit))


def test_seeds_that_do_not_differ_have_no_fit():
    # Each seed's mean is 2, so that the estimate of their variance is negative.
    model = fit_mixed_model(np.array([[1.0, 2.0, 3.0], [1.1, 2.1, 2.8], [0.8, 2.0, 3.2], [1.2, 1.7, 3.1]]))

    assert isinstance(model, Undefined)
    assert "estimated at zero" in model.reason


def test_fit_that_does_not_converge_is_said():
    # White noise, where the variance between seeds is near zero and some fits fail.
    reasons = []
    rng = np.random.default_rng(0)
    for _ in range(60):
        model = fit_mixed_model(rng.normal(size=(6, 21)))
        if isinstance(model, Undefined) and "estimated at zero" not in model.reason:
            reasons.append(model.reason)

    assert reasons
    assert all("did not converge" in reason or "did not fit" in reason for reason in reasons)


def test_large_grid_is_left_alone():
    assert isinstance(fit_mixed_model(np.random.default_rng(0).normal(size=(100, 50))), Undefined)
