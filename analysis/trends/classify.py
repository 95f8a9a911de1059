"""Sort the trajectories of many tokens into stagnated, upward, downward and unclassified."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from analysis.trends.rules import ALPHA, STAGNATION_BAND, TrendClass, TrendRule, TrendWindow
from analysis.trends.slopes import Slopes, ols_slopes

__all__ = ["TrendLabels", "class_shares", "classify"]


@dataclass(frozen=True, slots=True)
class TrendLabels:
    """The class of every token with the regression behind it."""

    window: TrendWindow
    classes: NDArray[np.int8]
    """Codes of `TrendClass`, shape (num_tokens,)."""
    slopes: Slopes


def classify(losses: NDArray[np.floating], *, window: TrendWindow) -> TrendLabels:
    """Apply a rule to every token.

    With PPL_i = exp(loss_i), the window from j to n, and PPL_avg the geometric mean of PPL over it:
    upward: slope > 0 and p < .05; downward: slope < 0 and p < .05; stagnated: neither, and both PPL_j and PPL_n within
    5 % of PPL_avg; unclassified: everything else. `paper-index` regresses PPL_i / PPL_j on i - j, `loss-index` the loss
    on i - j, `code-logstep` PPL_i / PPL_j on ln(step_i).

    `paper-index` and `loss-index` ask .95 <= PPL_j / PPL_avg <= 1.05, and the same of n. `code-logstep` asks
    .95 < PPL_avg / PPL_j < 1.05 over its own window, and that the variance of PPL be smaller than PPL_avg, which makes
    it depend on the scale of the perplexity. A trajectory without spread is stagnated. The p-value is a labelling
    device: errors of neighbouring checkpoints are not independent (see `analysis.trends.nulls`).

    Args:
        losses: Nats per token, finite, shape (num_tokens, num_checkpoints); the checkpoints are those of the window.
        window: Rule and checkpoints.
    """
    values = np.asarray(losses, dtype=np.float64)
    slopes = ols_slopes(_regressed(values, window=window), points=window.points)
    has_trend = slopes.is_significant(alpha=ALPHA)
    classes = np.full(len(losses), TrendClass.UNCLASSIFIED, dtype=np.int8)
    classes[_is_stagnated(values[:, window.stagnation_start :], rule=window.rule)] = TrendClass.STAGNATED
    classes[has_trend & (slopes.slope > 0)] = TrendClass.UPWARD
    classes[has_trend & (slopes.slope < 0)] = TrendClass.DOWNWARD
    return TrendLabels(window=window, classes=classes, slopes=slopes)


def class_shares(classes: NDArray[np.int8]) -> NDArray[np.float64]:
    """Share of each class in the order of `TrendClass`, shape (4,)."""
    return np.bincount(classes, minlength=len(TrendClass)) / len(classes)


def _regressed(losses: NDArray[np.float64], *, window: TrendWindow) -> NDArray[np.float64]:
    in_window = losses[:, window.start :]
    if window.rule is TrendRule.LOSS_INDEX:
        return in_window
    return np.exp(in_window - in_window[:, :1])


def _is_stagnated(losses: NDArray[np.float64], *, rule: TrendRule) -> NDArray[np.bool_]:
    low, high = STAGNATION_BAND
    mean = losses.mean(axis=1)
    ends_over_mean = np.exp(losses[:, [0, -1]] - mean[:, None])
    if rule is not TrendRule.CODE_LOGSTEP:
        return np.asarray(((low <= ends_over_mean) & (ends_over_mean <= high)).all(axis=1))
    mean_over_ends = 1 / ends_over_mean
    is_near = ((low < mean_over_ends) & (mean_over_ends < high)).all(axis=1)
    return np.asarray(is_near & (np.exp(losses).var(axis=1) < np.exp(mean)))
