"""Show whether the published stable-phase rule contradicts itself on the data at hand."""

import numpy as np
from numpy.typing import NDArray

from analysis.levels import Label
from analysis.rule_limit import RuleLimit
from configs.counted import counted
from configs.telemetry import TelemetryConfig

__all__ = ["check_stable_trap"]

RELATIVE = (
    "the cutoff is a quantile of the same volatilities, so that some cells always lie below it and none is thereby "
    "stable, and windows within the first {window} deltas hold the first drop, so that early cells seldom do"
)


def check_stable_trap(
    *,
    below: NDArray[np.bool_],
    steady: NDArray[np.bool_],
    calm: NDArray[np.bool_],
    levels: tuple[Label, ...],
    telemetry: TelemetryConfig,
) -> RuleLimit:
    """Look for a cell that meets all three conditions; where there is none, name the two that exclude each other.

    Args:
        below: Volatility at or below its cutoff, shape (num_seeds, num_levels).
        steady: Few enough backslides in the window, same shape.
        calm: Spike rate low enough, same shape.
        levels: Labels of the columns.
        telemetry: Window and limits.
    """
    frequency, rate = telemetry.stable_backslide_frequency_max, telemetry.stable_spike_rate_max
    claims = {
        f"volatility at or below its {telemetry.stable_volatility_quantile:g} quantile": below,
        f"at most {counted(frequency, 'backslide')} in {counted(telemetry.window, 'interval')}": steady,
        f"a spike rate of at most {rate:g}": calm,
    }
    rule = ", ".join(claims)
    relative = RELATIVE.format(window=telemetry.window)
    if (below & steady & calm).any():
        always = _always_met(telemetry)
        return RuleLimit(rule, can_fire=True, why=f"some cells meet all three; {always}{relative}")
    for first, second in ((0, 1), (0, 2), (1, 2)):
        names, masks = list(claims), list(claims.values())
        if not (masks[first] & masks[second]).any():
            return RuleLimit(
                rule,
                can_fire=False,
                why=(
                    f"on these data the rule contradicts itself: {names[first]} occurs {_where(masks[first], levels)}, "
                    f"{names[second]} {_where(masks[second], levels)}, and no cell has both; {relative}"
                ),
            )
    return RuleLimit(
        rule, can_fire=False, why=f"any two of the conditions meet somewhere, all three nowhere; {relative}"
    )


def _always_met(telemetry: TelemetryConfig) -> str:
    met = []
    if telemetry.stable_backslide_frequency_max >= telemetry.window:
        met.append(f"a window of {telemetry.window} cannot hold more than {counted(telemetry.window, 'backslide')}")
    if telemetry.stable_spike_rate_max >= 1:
        met.append("no spike rate is above 1")
    return "".join(f"{sentence}, so that this condition is always met; " for sentence in met)


def _where(mask: NDArray[np.bool_], levels: tuple[Label, ...]) -> str:
    places = np.flatnonzero(mask.any(axis=0))
    num_cells = int(mask.sum())
    if num_cells == 0:
        return "in no cell"
    cells = f"in {counted(num_cells, 'cell')}"
    if len(places) == 1:
        return f"{cells}, all at level {levels[places[0]]}"
    return f"{cells}, all at levels {levels[places[0]]} to {levels[places[-1]]}"
