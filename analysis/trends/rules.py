"""The three rules that sort a token's trajectory into one of four classes.

Source: Xia et al. 2023, arXiv:2212.09803, equation 1 and section 3.1, for `paper-index`; the authors' published code
for `code-logstep`, whose evident intent is followed where it cannot run as published.
"""

from dataclasses import dataclass
from enum import IntEnum, StrEnum

import numpy as np
from numpy.typing import NDArray

from analysis.percent import percent
from analysis.trends.slopes import LEAST_POINTS
from analysis.undefined import Undefined
from configs.counted import counted

__all__ = ["ALPHA", "STAGNATION_BAND", "TrendClass", "TrendRule", "TrendWindow", "trend_window"]

ALPHA = 0.05  # Xia et al., section 3.1
STAGNATION_BAND = (0.95, 1.05)  # Xia et al., section 3.1: first and last perplexity over the geometric mean


class TrendRule(StrEnum):
    """How a trend is told; results of different rules are never mixed."""

    PAPER_INDEX = "paper-index"
    """Perplexity, over the checkpoint's index."""
    CODE_LOGSTEP = "code-logstep"
    """Perplexity, over ln(step); stagnation from another start, with a bound on the variance."""
    LOSS_INDEX = "loss-index"
    """As `paper-index`, but the slope is that of the loss, whose tail is lighter than that of its exponential."""


class TrendClass(IntEnum):
    """What became of a token; the number is its code in arrays."""

    STAGNATED = 0
    UPWARD = 1
    DOWNWARD = 2
    UNCLASSIFIED = 3

    @property
    def label(self) -> str:
        """The word in tables."""
        return self.name.lower()


@dataclass(frozen=True, slots=True)
class TrendWindow:
    """Which checkpoints a trend is told from; indices count the given checkpoints."""

    rule: TrendRule
    start_fraction: float
    start: int
    """First checkpoint of the regression: the one whose step is nearest start_fraction x last step."""
    stagnation_start: int
    """First checkpoint of the stagnation test; differs from `start` under `code-logstep` alone."""
    points: NDArray[np.float64]
    """Regressor at each checkpoint of the regression: index from 0 on, or ln(step)."""

    @property
    def num_points(self) -> int:
        """Checkpoints in the regression."""
        return len(self.points)


def trend_window(steps: NDArray[np.int64], *, rule: TrendRule, start_fraction: float) -> TrendWindow | Undefined:
    """Choose the checkpoints of a trend.

    Args:
        steps: Steps of the checkpoints, rising; the initial state (step 0), which is no checkpoint of training and has
            no logarithm, only as the first.
        rule: How the trend is told.
        start_fraction: Share of training after which it starts, in [0, 1).

    Returns:
        The window; undefined where fewer than three checkpoints are left.
    """
    first = int(len(steps) > 0 and steps[0] == 0)
    trained = steps[first:]
    if len(trained) == 0:
        return Undefined("no checkpoint after the initial state")
    start = int(np.argmin(np.abs(trained - start_fraction * trained[-1])))
    num_points = len(trained) - start
    if num_points < LEAST_POINTS:
        return Undefined(
            f"{counted(num_points, 'checkpoint')} from {percent(start_fraction)} of training on; a slope's p-value "
            f"needs {LEAST_POINTS}"
        )
    is_code = rule is TrendRule.CODE_LOGSTEP
    return TrendWindow(
        rule=rule,
        start_fraction=start_fraction,
        start=first + start,
        # 0.29 x 100 lies a rounding below 29.
        stagnation_start=first + (int(start_fraction * len(trained) + 1e-9) if is_code else start),
        points=np.log(trained[start:]) if is_code else np.arange(num_points, dtype=np.float64),
    )
