"""Find a stable phase as an equivalence statement: a slope shown to be small, not merely one not shown to be large."""

from dataclasses import dataclass
from enum import StrEnum
from functools import cache

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from analysis.grid import Grid
from analysis.levels import Label
from analysis.local_lines import LocalLines
from analysis.rule_limit import RuleLimit
from analysis.undefined import Undefined
from configs.counted import counted
from configs.telemetry import TelemetryConfig

__all__ = ["StableLevel", "StablePhase", "StableRun", "Verdict", "find_stable_phase"]

# Both one-sided tests at 5 % are the 90 % interval inside the band (Schuirmann 1987).
QUANTILE = 0.95


class Verdict(StrEnum):
    """What the window that ends at a level shows."""

    STABLE = "stable"
    CHANGING = "changing"
    VOLATILE = "volatile"
    UNDECIDED = "undecided"
    UNDEFINED = "undefined"


@dataclass(frozen=True, slots=True)
class StableLevel:
    """The window that ends at a level."""

    level: Label
    slope: float | Undefined
    """Mean over seeds, in nats per doubling of the axis."""
    ci90_low: float | Undefined
    ci90_high: float | Undefined
    volatility: float | Undefined
    """Root mean square over seeds of the SD about each seed's line, in nats."""
    verdict: Verdict
    why: str


@dataclass(frozen=True, slots=True)
class StableRun:
    """Levels in a row whose windows are all stable."""

    from_level: Label
    to_level: Label
    num_levels: int


@dataclass(frozen=True, slots=True)
class StablePhase:
    """Whether one condition has a stable phase, with the margins that this was asked with."""

    axis: str
    slope_margin_nats: float
    volatility_margin_nats: float
    min_intervals: int
    window: int
    rule: RuleLimit
    longest: StableRun | Undefined
    levels: tuple[StableLevel, ...]
    text: str
    note: str


def find_stable_phase(
    grid: Grid, *, lines: LocalLines | Undefined, axis: str, telemetry: TelemetryConfig
) -> StablePhase | Undefined:
    """Take the longest run of at least `stable_intervals` levels whose windows are stable.

    A window is stable if the 90 % t interval of its slope, over seeds, lies within +- stable_slope_nats, and the SD
    about its lines is below `stable_volatility_nats`. It is changing if the interval lies wholly beyond the margin,
    volatile if only the SD is too large, and undecided if the interval holds both small and large slopes.

    For one window named in advance, being called stable while the slope is outside the margin has probability .05 at
    most (two one-sided t tests); a run found by looking at all windows has no such bound. Assumes independent seeds
    and slopes near normal. The interval tells how seeds differ, and not the noise that an evaluation slice shared by
    all of them adds to each slope. Seeds with a gap in a window are left out of it; seeds whose slopes are all equal,
    as those of one replicate entered twice, show nothing.

    Args:
        grid: Losses, shape (num_seeds, num_levels), gaps as NaN.
        lines: Fitted to the same losses over log2 of the axis.
        axis: What the levels lie on, such as `tokens`.
        telemetry: Margins, window and shortest run.

    Source: Schuirmann 1987, J Pharmacokinet Biopharm 15:657 (two one-sided tests).
    """
    if isinstance(lines, Undefined):
        return lines
    levels = tuple(
        _judge(
            level,
            slopes=lines.slope[:, column],
            residual_sd=lines.residual_sd[:, column],
            rounding=lines.slope_rounding[:, column],
            telemetry=telemetry,
        )
        for column, level in enumerate(grid.levels)
    )
    longest = _longest(levels, shortest=telemetry.stable_intervals)
    return StablePhase(
        axis=axis,
        slope_margin_nats=telemetry.stable_slope_nats,
        volatility_margin_nats=telemetry.stable_volatility_nats,
        min_intervals=telemetry.stable_intervals,
        window=telemetry.slope_window,
        rule=_limit(levels, num_seeds=grid.num_subjects, telemetry=telemetry),
        longest=longest,
        levels=levels,
        text=_text(longest, levels=levels, axis=axis, telemetry=telemetry),
        note=(
            "The margins are declared, not estimated; the intervals are over seeds and do not hold the noise of an "
            "evaluation slice that the seeds share."
        ),
    )


def _judge(
    level: Label,
    *,
    slopes: NDArray[np.float64],
    residual_sd: NDArray[np.float64],
    rounding: NDArray[np.float64],
    telemetry: TelemetryConfig,
) -> StableLevel:
    known = np.isfinite(slopes)
    slopes, residual_sd, rounding = slopes[known], residual_sd[known], rounding[known]
    num_seeds = len(slopes)
    if num_seeds < 2:
        why = f"{counted(num_seeds, 'seed')} with a full window; an interval needs at least 2"
        nothing = Undefined(why)
        slope = float(slopes[0]) if num_seeds else nothing
        return StableLevel(level, slope, nothing, nothing, nothing, Verdict.UNDEFINED, why)
    if float(np.ptp(slopes)) <= rounding.max():
        why = (
            "the slopes do not vary over the seeds, which are therefore no independent replicates"
            if slopes.any()
            else "the slope of every seed is zero: nothing varies"
        )
        nothing = Undefined(why)
        return StableLevel(level, float(slopes[0]), nothing, nothing, nothing, Verdict.UNDEFINED, why)
    mean = float(slopes.mean())
    half_width = float(_t_quantile(num_seeds - 1) * slopes.std(ddof=1) / np.sqrt(num_seeds))
    volatility = float(np.sqrt(np.mean(residual_sd**2)))
    low, high = mean - half_width, mean + half_width
    verdict, why = _verdict(low, high, volatility=volatility, telemetry=telemetry)
    return StableLevel(level, mean, low, high, volatility, verdict, why)


@cache  # one quantile serves every level
def _t_quantile(df: int) -> float:
    return float(stats.t.ppf(QUANTILE, df))


def _verdict(low: float, high: float, *, volatility: float, telemetry: TelemetryConfig) -> tuple[Verdict, str]:
    margin, most = telemetry.stable_slope_nats, telemetry.stable_volatility_nats
    if low > margin or high < -margin:
        way = "rises" if low > margin else "falls"
        return Verdict.CHANGING, f"the loss {way} by more than {margin:g} nats per doubling"
    if low < -margin or high > margin:
        return Verdict.UNDECIDED, f"the slope's interval reaches beyond {margin:g} nats per doubling"
    if volatility >= most:
        return Verdict.VOLATILE, f"the points lie {volatility:.2g} nats about their line, and {most:g} is the most"
    return Verdict.STABLE, "the slope's interval lies within the margin, and the points about their line too"


def _longest(levels: tuple[StableLevel, ...], *, shortest: int) -> StableRun | Undefined:
    best: tuple[StableLevel, ...] = ()
    current: tuple[StableLevel, ...] = ()
    for level in levels:
        current = (*current, level) if level.verdict is Verdict.STABLE else ()
        best = current if len(current) > len(best) else best
    if len(best) < shortest:
        return Undefined(f"the longest run of stable windows is {len(best)}, and {shortest} are asked for")
    return StableRun(from_level=best[0].level, to_level=best[-1].level, num_levels=len(best))


def _limit(levels: tuple[StableLevel, ...], *, num_seeds: int, telemetry: TelemetryConfig) -> RuleLimit:
    margin, shortest, window = telemetry.stable_slope_nats, telemetry.stable_intervals, telemetry.slope_window
    rule = (
        f"{shortest} windows of {window} levels in a row, each with its 90 % interval of the slope within +-{margin:g} "
        f"nats per doubling and less than {telemetry.stable_volatility_nats:g} nats about its line"
    )
    half_widths = [_half_width(level) for level in levels if not isinstance(level.ci90_low, Undefined)]
    if num_seeds < 2:
        return RuleLimit(rule, can_fire=False, why=f"an interval over seeds needs at least 2, and there is {num_seeds}")
    if len(half_widths) < shortest:
        return RuleLimit(
            rule,
            can_fire=False,
            why=(
                f"{len(half_widths)} of {counted(len(levels), 'level')} have an interval, and {shortest} in a row are "
                "asked for"
            ),
        )
    if min(half_widths) > margin:
        return RuleLimit(
            rule,
            can_fire=False,
            why=(
                f"the narrowest interval is {min(half_widths):.3g} wide to each side of its slope, more than the "
                "margin: even a slope of zero could not be shown to be small; take more seeds or a longer window"
            ),
        )
    return RuleLimit(
        rule,
        can_fire=True,
        why=(
            f"the intervals are {min(half_widths):.3g} to {max(half_widths):.3g} wide to each side, so that the margin "
            "is in reach"
        ),
    )


def _half_width(level: StableLevel) -> float:
    assert isinstance(level.ci90_low, float)
    assert isinstance(level.ci90_high, float)
    return (level.ci90_high - level.ci90_low) / 2


def _text(
    longest: StableRun | Undefined, *, levels: tuple[StableLevel, ...], axis: str, telemetry: TelemetryConfig
) -> str:
    if isinstance(longest, StableRun):
        return (
            f"stable from the windows ending at {longest.from_level} to {longest.to_level}: {longest.num_levels} "
            f"windows whose slope is shown to be within +-{telemetry.stable_slope_nats:g} nats per doubling of {axis}"
        )
    counts = {verdict: sum(level.verdict is verdict for level in levels) for verdict in Verdict}
    listed = ", ".join(f"{count} {verdict.value}" for verdict, count in counts.items() if count)
    return f"no stable phase: {listed} of {counted(len(levels), 'level')}"
