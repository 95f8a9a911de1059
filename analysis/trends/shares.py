"""Shares of tokens by class: per seed, over seeds, against chance and after correction for many tests."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from analysis.t_interval import MeanInterval, mean_interval
from analysis.trends.classify import TrendLabels, class_shares
from analysis.trends.nulls import NullModel, NullShares
from analysis.trends.rules import ALPHA, TrendClass
from analysis.undefined import Undefined

__all__ = ["ClassShare", "bh_rejected", "share_summary", "shares_after_bh"]


@dataclass(frozen=True, slots=True)
class ClassShare:
    """How many tokens fall into one class."""

    trend: str
    over_seeds: MeanInterval
    """Mean share with Student's t interval over seeds."""
    null_share: Mapping[str, float]
    """Share under each `NullModel`, mean over seeds."""
    false_discovery: Mapping[str, float | Undefined]
    """min(1, null share / share): what part of this class chance alone would fill, under each `NullModel`."""
    share_after_bh: float | Undefined
    """Mean over seeds of the share left when Benjamini and Hochberg's procedure holds the rate at 5 %."""


def share_summary(labels: Sequence[TrendLabels], *, nulls: Sequence[Sequence[NullShares]]) -> tuple[ClassShare, ...]:
    """One entry per class.

    Args:
        labels: One per seed, of the same window.
        nulls: For each seed, the shares under each null.

    Returns:
        In the order of `TrendClass`.
    """
    shares = np.stack([class_shares(one.classes) for one in labels])
    after_bh = np.stack([shares_after_bh(one) for one in labels]).mean(axis=0)
    chance = {
        null: np.stack([entry.shares for seed in nulls for entry in seed if entry.null is null]).mean(axis=0)
        for null in NullModel
    }
    return tuple(_class_share(trend, shares=shares, chance=chance, after_bh=after_bh) for trend in TrendClass)


def shares_after_bh(labels: TrendLabels) -> NDArray[np.float64]:
    """Shares of upward and downward tokens whose p-values survive the procedure, in the order of `TrendClass`.

    The p-values come from least squares and are too small where checkpoints resemble their neighbours, so the rate is
    held only as far as they are right. Stagnated and unclassified, for which nothing is rejected, are NaN.
    """
    is_rejected = bh_rejected(labels.slopes.p)
    shares = np.full(len(TrendClass), np.nan)
    shares[TrendClass.UPWARD] = np.mean(is_rejected & (labels.slopes.slope > 0))
    shares[TrendClass.DOWNWARD] = np.mean(is_rejected & (labels.slopes.slope < 0))
    return shares


def bh_rejected(p: NDArray[np.float64], *, rate: float = ALPHA) -> NDArray[np.bool_]:
    """Which hypotheses Benjamini and Hochberg's procedure rejects at a false discovery rate.

    Source: Benjamini and Hochberg 1995, JRSS B 57, 289-300; independent or positively dependent tests.
    """
    return np.asarray(stats.false_discovery_control(p, method="bh") <= rate)


def _class_share(
    trend: TrendClass,
    *,
    shares: NDArray[np.float64],
    chance: Mapping[NullModel, NDArray[np.float64]],
    after_bh: NDArray[np.float64],
) -> ClassShare:
    is_trend = trend in (TrendClass.UPWARD, TrendClass.DOWNWARD)
    share = float(shares[:, trend].mean())
    return ClassShare(
        trend=trend.label,
        over_seeds=mean_interval(shares[:, trend]),
        null_share={null.value: float(values[trend]) for null, values in chance.items()},
        false_discovery={
            null.value: _false_discovery(float(values[trend]), share=share, is_trend=is_trend)
            for null, values in chance.items()
        },
        share_after_bh=float(after_bh[trend]) if is_trend else Undefined(f"{trend.label} rejects no hypothesis"),
    )


def _false_discovery(null_share: float, *, share: float, is_trend: bool) -> float | Undefined:
    if not is_trend:
        return Undefined("the class is not a discovery")
    if share == 0:
        return Undefined("no token is in the class")
    return min(1.0, null_share / share)
