"""Fit a mixed model with a random intercept per seed, as a sensitivity analysis only."""

import warnings
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from analysis.sums_of_squares import split_sums_of_squares, why_untestable
from analysis.undefined import Undefined

__all__ = ["Likelihood", "MixedModel", "fit_mixed_model"]

LARGEST_FIT = 20_000  # cells times levels: below a second on one core
NOTE = (
    "A sensitivity analysis, no headline: a random intercept makes all levels of a seed equally correlated, which "
    "those of a trajectory are not, and Wald's chi-squared takes the variances as known. Its p is too small."
)


class Likelihood(StrEnum):
    """What is maximised."""

    REML = "REML"
    ML = "ML"


@dataclass(frozen=True, slots=True)
class MixedModel:
    """value = level + seed intercept + error."""

    formula: str
    method: Likelihood
    converged: bool
    log_likelihood: float
    seed_sd: float
    residual_sd: float
    wald_chi2: float
    df: int
    p: float
    note: str


def fit_mixed_model(values: NDArray[np.float64], *, method: Likelihood = Likelihood.REML) -> MixedModel | Undefined:
    """Fixed levels, a normal intercept per seed, independent normal errors; Wald's test of all levels together.

    wald_chi2 = b' V^-1 b over the k - 1 coefficients of the levels, on k - 1 degrees of freedom. Assumes equal
    correlation of all levels within a seed. Missing cells are the caller's: the grid is complete.

    Args:
        values: Shape (num_seeds, num_levels).
        method: Restricted maximum likelihood, or maximum likelihood as in the published study.

    Returns:
        The fit, or why there is none: it did not converge, the seeds' variance is zero, or the grid is too large.

    Source: statsmodels MixedLM; as R's lme4::lmer(y ~ level + (1 | seed)).
    """
    reason = why_untestable(values)
    if reason is not None:
        return reason
    num_seeds, num_levels = values.shape
    if values.size * num_levels > LARGEST_FIT:
        return Undefined(
            f"{num_seeds:,} seeds x {num_levels:,} levels are too many for a fit that is a sensitivity analysis"
        )
    sums = split_sums_of_squares(values)
    residual_variance = sums.error / ((num_seeds - 1) * (num_levels - 1))
    if sums.subject / (num_seeds - 1) <= residual_variance:
        return Undefined("the variance between seeds is estimated at zero, at the edge of what can be fitted")
    # In units of the residual deviation the optimiser's tolerances mean the same whatever the metric's unit.
    unit = float(np.sqrt(residual_variance))
    return _fit((values - values.mean()) / unit, unit=unit, method=method)


def _fit(scaled: NDArray[np.float64], *, unit: float, method: Likelihood) -> MixedModel | Undefined:
    # Imported here: only this analysis needs it.
    from statsmodels.regression.mixed_linear_model import MixedLM

    num_seeds, num_levels = scaled.shape
    design = np.tile(np.eye(num_levels), (num_seeds, 1))
    design[:, 0] = 1.0
    model = MixedLM(scaled.ravel(), design, groups=np.repeat(np.arange(num_seeds), num_levels))
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            result = model.fit(reml=method is Likelihood.REML)
            covariance = np.asarray(result.cov_params())[1:num_levels, 1:num_levels]
            effects = np.asarray(result.fe_params)[1:]
            wald = float(effects @ np.linalg.solve(covariance, effects))
        except np.linalg.LinAlgError as error:
            return Undefined(f"statsmodels did not fit the model: {error}")
    if not result.converged:
        return Undefined(f"the fit did not converge: {caught[-1].message if caught else 'no reason was given'}")
    # A density over y is that over y / unit, divided by unit once for each dimension.
    num_dimensions = scaled.size - (num_levels if method is Likelihood.REML else 0)
    return MixedModel(
        formula="value ~ level + (1 | seed)",
        method=method,
        converged=True,
        log_likelihood=float(result.llf) - num_dimensions * float(np.log(unit)),
        seed_sd=unit * float(np.sqrt(np.asarray(result.cov_re)[0, 0])),
        residual_sd=unit * float(np.sqrt(result.scale)),
        wald_chi2=wald,
        df=num_levels - 1,
        p=float(stats.chi2.sf(wald, num_levels - 1)),
        note=NOTE,
    )
