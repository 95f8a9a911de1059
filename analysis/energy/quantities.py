"""Compare what whole runs cost and bought between the levels of a within factor, such as token budgets."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from analysis.axis import Axis
from analysis.grid import Grid
from analysis.metric_statistics import MetricStatistics, metric_statistics
from analysis.pairwise import Pairs
from analysis.t_interval import MeanInterval, mean_interval
from analysis.undefined import Undefined

__all__ = ["LevelMean", "Quantity", "quantities_of"]


@dataclass(frozen=True, slots=True)
class LevelMean:
    """One level, on the quantity's own scale."""

    level: int | float | str
    interval: MeanInterval


@dataclass(frozen=True, slots=True)
class Quantity:
    """One number per run: its means by level, and its repeated measures over the levels."""

    unit: str
    levels: tuple[LevelMean, ...]
    tested: str
    """`value`, or `ln(value)` for a ratio."""
    statistics: MetricStatistics | Undefined
    note: str


_J_PER_KJ = 1e3
_GROWS = "It grows with the number of tokens by construction; how fast is the finding, not that it does."
_WITHOUT_EVALUATION = "What evaluations and checkpoints use is left out: how often they come is chosen."
_SHRINKS = (
    "Its denominator grows with the number of tokens, so it falls along any loss curve that flattens; what the next "
    "tokens are worth is the marginal value along the trajectory."
)


def quantities_of(grids: Mapping[str, Grid]) -> dict[str, Quantity]:
    """Every quantity that can be made of what there is.

    Args:
        grids: Complete grids of the same subjects and levels: `kilojoules`, `tokens`, and where known `val_loss`,
            `nats_gained`, `training_kilojoules`, `net_kilojoules`, `seconds`.
    """
    kilojoules, tokens = grids["kilojoules"], grids["tokens"]
    axis = Axis("tokens", dict(zip(tokens.levels, tokens.values.mean(axis=0).tolist(), strict=True)))
    quantity, ratio = partial(_quantity, axis=axis, is_ratio=False), partial(_ratio, axis=axis)
    made = {
        "energy_kj": quantity(kilojoules, unit="kJ", note=_GROWS),
        "joules_per_token": ratio(kilojoules, tokens, scale=_J_PER_KJ, unit="J per trained token"),
    }
    if "training_kilojoules" in grids:
        steps = grids["training_kilojoules"]
        made["training_joules_per_token"] = ratio(
            steps, tokens, scale=_J_PER_KJ, unit="J per trained token, steps alone", note=_WITHOUT_EVALUATION
        )
        made["training_share"] = ratio(steps, kilojoules, unit="of the energy is training")
    if "net_kilojoules" in grids:
        net = grids["net_kilojoules"]
        made["net_energy_kj"] = quantity(net, unit="kJ above idle", note=_GROWS)
        made["net_joules_per_token"] = ratio(net, tokens, scale=_J_PER_KJ, unit="J above idle per trained token")
        made["net_share"] = ratio(net, kilojoules, unit="of the energy is above idle")
    if "seconds" in grids:
        made["mean_watts"] = ratio(kilojoules, grids["seconds"], scale=_J_PER_KJ, unit="W")
        made["tokens_per_s"] = ratio(tokens, grids["seconds"], unit="trained tokens per second")
    if "val_loss" in grids:
        made["val_loss"] = quantity(grids["val_loss"], unit="nats per token")
    if "nats_gained" in grids:
        gained = grids["nats_gained"]
        made["nats_gained"] = quantity(gained, unit="nats per token")
        made["nats_per_kj"] = ratio(gained, kilojoules, unit="nats per kJ", note=_SHRINKS)
    return made


def _ratio(above: Grid, below: Grid, *, axis: Axis, unit: str, scale: float = 1.0, note: str = "") -> Quantity:
    values = scale * above.values / below.values
    return _quantity(Grid(values, above.subjects, above.levels), unit=unit, is_ratio=True, axis=axis, note=note)


def _quantity(grid: Grid, *, unit: str, is_ratio: bool, axis: Axis, note: str = "") -> Quantity:
    return Quantity(
        unit=unit,
        levels=tuple(
            LevelMean(level=level, interval=mean_interval(grid.values[:, column]))
            for column, level in enumerate(grid.levels)
        ),
        tested="ln(value)" if is_ratio else "value",
        statistics=_statistics(grid, is_ratio=is_ratio, axis=axis),
        note=note,
    )


def _statistics(grid: Grid, *, is_ratio: bool, axis: Axis) -> MetricStatistics | Undefined:
    if not is_ratio:
        return metric_statistics(grid, pairs=Pairs.AUTO, axis=axis)
    if not _is_positive(grid.values):
        return Undefined("a ratio is compared by its logarithm, and some value is not above zero")
    return metric_statistics(Grid(np.log(grid.values), grid.subjects, grid.levels), pairs=Pairs.AUTO, axis=axis)


def _is_positive(values: NDArray[np.float64]) -> bool:
    return bool((values > 0).all())
