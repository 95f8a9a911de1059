"""The published parameter-efficiency metric, exactly as published, and what its logarithm is made of."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from analysis.axis import Axis
from analysis.grid import Grid
from analysis.levels import Label
from analysis.metric_statistics import MetricStatistics, metric_statistics
from analysis.pairwise import Pairs
from analysis.undefined import Undefined

__all__ = ["LegacyEfficiency", "LegacyInputs", "LogSplit", "legacy_efficiency", "parameter_efficiency"]

TOKENS_PER_UNIT = 1e6
WHY_LEGACY = (
    "Tokens stand in the denominator of the metric and are what the design varies, so it must fall about as 1/tokens, "
    "whatever quality and power do. The test that could have come out otherwise is the one on ln(PE x tokens)."
)


@dataclass(frozen=True, slots=True)
class LegacyInputs:
    """What the metric needs, each of shape (num_subjects, num_levels)."""

    inverse_perplexity: Grid
    rms_watts: Grid
    nominal_tokens: Grid
    """Nominal tokens x epochs, as published; not the tokens trained on."""
    compute_speed_tflops: float
    num_parameters: float


@dataclass(frozen=True, slots=True)
class LogSplit:
    """Mean over subjects of the change of ln PE from level a to level b, exact in every term."""

    a: Label
    b: Label
    delta_ln_pe: float
    tokens: float
    """-ln(tokens_b / tokens_a): arithmetic, known before the experiment."""
    quality: float
    """Change of -ln PPL."""
    power: float
    """Change of -ln RMS(W)."""
    mechanical_share: float | Undefined
    """`tokens` over `delta_ln_pe`."""


@dataclass(frozen=True, slots=True)
class LegacyEfficiency:
    """The metric with the tests on it, always beside the test on what is left without tokens."""

    label: str
    formula: str
    compute_speed_tflops: float
    num_parameters: float
    splits: tuple[LogSplit, ...]
    raw: MetricStatistics
    """On PE as published; its F is mostly the 1/tokens of its own denominator."""
    without_tokens: MetricStatistics
    """On ln(PE x tokens)."""
    note: str


def parameter_efficiency(
    inverse_perplexity: NDArray[np.float64],
    rms_watts: NDArray[np.float64],
    *,
    nominal_tokens: NDArray[np.float64],
    compute_speed_tflops: float,
    num_parameters: float,
) -> NDArray[np.float64]:
    """PE = (1/PPL) x (CS / RMS(W)) / (MS x TT), with K = 1.

    Args:
        inverse_perplexity: 1/PPL.
        rms_watts: Root mean square of the power samples in watts; not energy.
        nominal_tokens: Tokens x epochs; TT is this in millions.
        compute_speed_tflops: CS, a matrix product's rate.
        num_parameters: MS.

    Source: J. Dwyer, arXiv 2601.06649; K, units and roundings after the author's public code.
    """
    tera_per_watt = compute_speed_tflops / rms_watts
    return inverse_perplexity * tera_per_watt / (num_parameters * nominal_tokens / TOKENS_PER_UNIT)


def legacy_efficiency(inputs: LegacyInputs) -> LegacyEfficiency:
    """PE by subject and level, its logarithm split between every two levels, and the tests with and without tokens.

    ln PE = -ln PPL + ln CS - ln RMS(W) - ln MS - ln TT; CS and MS are constant within a design and cancel.
    """
    values = parameter_efficiency(
        inputs.inverse_perplexity.values,
        inputs.rms_watts.values,
        nominal_tokens=inputs.nominal_tokens.values,
        compute_speed_tflops=inputs.compute_speed_tflops,
        num_parameters=inputs.num_parameters,
    )
    grid = inputs.inverse_perplexity
    mean_tokens = inputs.nominal_tokens.values.mean(axis=0).tolist()
    axis = Axis("nominal tokens", dict(zip(grid.levels, mean_tokens, strict=True)))
    pe = Grid(values, grid.subjects, grid.levels)
    free = Grid(np.log(values * inputs.nominal_tokens.values), grid.subjects, grid.levels)
    return LegacyEfficiency(
        label="legacy",
        formula="PE = (1/PPL) x (CS / RMS(W)) / (MS x TT), TT = nominal tokens x epochs / 1e6",
        compute_speed_tflops=inputs.compute_speed_tflops,
        num_parameters=inputs.num_parameters,
        splits=_splits(inputs, ln_pe=np.log(values)),
        raw=metric_statistics(pe, pairs=Pairs.AUTO, axis=axis),
        without_tokens=metric_statistics(free, pairs=Pairs.AUTO, axis=axis),
        note=WHY_LEGACY,
    )


def _splits(inputs: LegacyInputs, *, ln_pe: NDArray[np.float64]) -> tuple[LogSplit, ...]:
    levels = inputs.inverse_perplexity.levels
    quality = np.log(inputs.inverse_perplexity.values).mean(axis=0)
    power = -np.log(inputs.rms_watts.values).mean(axis=0)
    tokens = -np.log(inputs.nominal_tokens.values).mean(axis=0)
    total = ln_pe.mean(axis=0)
    splits = []
    for a in range(len(levels)):
        for b in range(a + 1, len(levels)):
            delta = float(total[b] - total[a])
            mechanical = float(tokens[b] - tokens[a])
            splits.append(
                LogSplit(
                    a=levels[a],
                    b=levels[b],
                    delta_ln_pe=delta,
                    tokens=mechanical,
                    quality=float(quality[b] - quality[a]),
                    power=float(power[b] - power[a]),
                    mechanical_share=mechanical / delta if delta != 0 else Undefined("ln PE does not change"),
                )
            )
    return tuple(splits)
