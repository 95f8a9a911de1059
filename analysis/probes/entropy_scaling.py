"""Fit how each part of the cross entropy goes with the size of the model, and say what such a fit can carry."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from analysis.probes.entropy_dynamics import PARTS
from analysis.t_interval import mean_interval
from analysis.undefined import Undefined, to_plain
from configs.counted import counted

__all__ = ["SizedValues", "log_log_fit", "summarize_scaling"]

LEAST_SIZES = 3
"""Two sizes lie on every law."""
LAW_SIZES = 5
LAW_DECADES = 2.0
"""Fewer sizes, or sizes closer together, describe themselves alone; our choice. Published laws span five decades."""


@dataclass(frozen=True, eq=False, slots=True)
class SizedValues:
    """One condition's parts at the end of training."""

    condition: str
    sizes: Mapping[str, int]
    """`non_embedding` and `total` parameters."""
    values: Mapping[str, Mapping[int, float]]
    """By part, then by seed, in nats."""


def log_log_fit(sizes: NDArray[np.float64], values: NDArray[np.float64]) -> tuple[float, float]:
    """Slope and R^2 of ordinary least squares of ln(value) on ln(size), without an offset.

    Args:
        sizes: Positive, shape (num_sizes,).
        values: Positive, shape (num_sizes,).
    """
    x, y = np.log(sizes), np.log(values)
    slope = float(((x - x.mean()) * (y - y.mean())).sum() / ((x - x.mean()) ** 2).sum())
    residual = y - y.mean() - slope * (x - x.mean())
    spread = float(((y - y.mean()) ** 2).sum())
    return slope, 1.0 - float((residual**2).sum()) / spread if spread else float("nan")


def summarize_scaling(conditions: Sequence[SizedValues]) -> dict[str, Any] | Undefined:
    """Exponents of all parts against both counts of parameters, with intervals over seeds.

    |part| = c size^alpha is fitted for each seed over the sizes; the interval is that of the mean alpha. A part that
    changes its sign within the ladder has no law: the logarithm of its absolute value has a pole there.

    Args:
        conditions: One for each size.
    """
    num_sizes = len({condition.sizes["non_embedding"] for condition in conditions})
    if num_sizes < LEAST_SIZES:
        return Undefined(f"{counted(num_sizes, 'size')}; a fit needs {LEAST_SIZES}")
    seeds = sorted(set.intersection(*(set(condition.values["cross_entropy"]) for condition in conditions)))
    if not seeds:
        return Undefined("no seed has the last interval of every size")
    fits = [
        _fit(conditions, part=part, against=against, seeds=seeds)
        for against in ("non_embedding", "total")
        for part in PARTS
    ]
    return {"num_sizes": num_sizes, "num_seeds": len(seeds), "statement": _statement(conditions), "fits": fits}


def _fit(conditions: Sequence[SizedValues], *, part: str, against: str, seeds: Sequence[int]) -> dict[str, Any]:
    sizes = np.array([condition.sizes[against] for condition in conditions], dtype=np.float64)
    values = _values(conditions, part=part, seeds=seeds)
    fit: dict[str, Any] = {"part": part, "against": against}
    if (np.sign(values) != np.sign(values[0, 0])).any() or (values == 0).any():
        reason = Undefined("it changes its sign within the ladder, where its logarithm has a pole")
        return fit | {name: to_plain(reason) for name in ("exponent", "r_squared", "minus_cross_entropy")}
    exponents = np.array([log_log_fit(sizes, row)[0] for row in np.abs(values)])
    of_loss = np.array([log_log_fit(sizes, row)[0] for row in _values(conditions, part="cross_entropy", seeds=seeds)])
    _, r_squared = log_log_fit(sizes, np.abs(values.mean(axis=0)))
    return fit | {
        "exponent": to_plain(mean_interval(exponents)),
        "r_squared": to_plain(r_squared),
        "minus_cross_entropy": to_plain(mean_interval(exponents - of_loss)),
    }


def _values(conditions: Sequence[SizedValues], *, part: str, seeds: Sequence[int]) -> NDArray[np.float64]:
    """Shape (num_seeds, num_sizes)."""
    return np.array([[condition.values[part][seed] for condition in conditions] for seed in seeds])


def _statement(conditions: Sequence[SizedValues]) -> str:
    sizes = sorted({condition.sizes["non_embedding"] for condition in conditions})
    decades = float(np.log10(sizes[-1] / sizes[0]))
    span = f"{len(sizes)} sizes span a factor of {sizes[-1] / sizes[0]:.0f} ({decades:.1f} decades)"
    if len(sizes) < LAW_SIZES or decades < LAW_DECADES:
        return f"The {span}: too little for a law; the exponents describe these sizes and no others."
    return f"The {span}; published laws span five decades."
