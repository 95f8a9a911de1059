"""Cut a curve into runs that rise or fall, at the places where they fit it best."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

__all__ = ["Direction", "MonotoneFit", "fit_monotone_runs"]


class Direction(StrEnum):
    """Which way a run of the curve goes."""

    UP = "up"
    DOWN = "down"


@dataclass(frozen=True, slots=True)
class MonotoneFit:
    """The best cut."""

    borders: tuple[int, ...]
    """Index of the point at which each run ends and the next begins; the first and last point included."""
    squared_error: float


def fit_monotone_runs(values: NDArray[np.float64], *, directions: Sequence[Direction]) -> MonotoneFit:
    """Place the borders so that one monotone run after another has the least squared error in all.

    Each run is fitted by isotonic regression, and two runs share the point at their border. The placement is exact: all
    of them are compared, by dynamic programming over runs. Of equal ones the earliest border wins.

    Args:
        values: The curve, shape (num_points,), at least one point more than there are directions.
        directions: One for each run, in order.
    """
    last = len(values) - 1
    costs = {direction: _costs(values, direction=direction) for direction in set(directions)}
    best = costs[directions[0]][0]
    choices = []
    for direction in directions[1:]:
        totals = best[:, None] + costs[direction]
        choices.append(totals.argmin(0))
        best = totals.min(0)
    borders = [last]
    for choice in reversed(choices):
        borders.append(int(choice[borders[-1]]))
    return MonotoneFit((0, *reversed(borders)), float(best[last]))


def _costs(values: NDArray[np.float64], *, direction: Direction) -> NDArray[np.float64]:
    """Squared error of the isotonic fit from each point to each later one, shape (from, to); infinite elsewhere."""
    num_points = len(values)
    signed = values if direction is Direction.UP else -values
    costs = np.full((num_points, num_points), np.inf)
    for start in range(num_points):
        costs[start, start + 1 :] = _growing_isotonic_errors(signed[start:])[1:]
    return costs


def _growing_isotonic_errors(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Squared error of the best non-decreasing fit to the first 1, 2, ... values: pool adjacent violators."""
    blocks: list[tuple[float, int, float]] = []  # sum, number and squared error of each pooled block
    errors = np.empty(len(values))
    for index, value in enumerate(values):
        total, count, error = float(value), 1, 0.0
        while blocks and blocks[-1][0] / blocks[-1][1] > total / count:
            other_total, other_count, other_error = blocks.pop()
            gap = other_total / other_count - total / count
            error += other_error + gap * gap * other_count * count / (other_count + count)
            total, count = total + other_total, count + other_count
        blocks.append((total, count, error))
        errors[index] = sum(block[2] for block in blocks)
    return errors
