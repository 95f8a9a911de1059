"""Where the levels stand along an axis: training tokens where they are known, else numbers, else places."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullFormatter
from numpy.typing import NDArray

from analysis.figures.canvas import short_label
from analysis.levels import Label

__all__ = ["LevelAxis", "amount_text", "level_axis"]

MAX_NAMED_LEVELS = 12
MAX_NAME = 9
MAX_CHARACTERS_LEVEL = 30
"""Names that add up to more are slanted, so that they fit a phone."""


@dataclass(frozen=True)
class LevelAxis:
    """The place of each level and how the axis is drawn."""

    levels: tuple[Label, ...]
    places: NDArray[np.float64]
    """Shape (num_levels,)."""
    label: str
    is_log: bool
    first: int
    """Index of the first level that is drawn: on a log axis the initial state, at 0 tokens, has no place."""

    @property
    def shown(self) -> slice:
        """The levels that are drawn."""
        return slice(self.first, None)

    def dress(self, axes: Axes) -> None:
        """Give an axis its scale, ticks and label."""
        axes.set_xlabel(self.label)
        drawn = self.places[self.shown]
        if self.is_log:
            axes.set_xscale("log")
            spans_decades = len(drawn) > 0 and drawn[-1] / drawn[0] > 30
            axes.xaxis.set_major_locator(LogLocator(subs=(1, 3) if spans_decades else (1, 2, 5)))
            axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: amount_text(value)))
            axes.xaxis.set_minor_formatter(NullFormatter())
        elif all(isinstance(level, int | float) for level in self.levels):
            axes.xaxis.set_major_locator(MaxNLocator(nbins=7, integer=all(isinstance(x, int) for x in self.levels)))
        else:
            step = -(-len(self.levels) // MAX_NAMED_LEVELS)
            names = [short_label(level, most=MAX_NAME) for level in self.levels[::step]]
            if sum(map(len, names)) <= MAX_CHARACTERS_LEVEL:
                axes.set_xticks(self.places[::step], names)
                return
            axes.set_xticks(self.places[::step], names, rotation=35, ha="right", rotation_mode="anchor")
            # Slanted names take the label's place; the caption has it.
            axes.set_xlabel("")


def level_axis(levels: Sequence[Label], *, tokens: Sequence[float] | None, within: str) -> LevelAxis:
    """Tokens on a log axis from the second level on, or the levels themselves.

    Args:
        levels: In their order.
        tokens: Training tokens at each level, if every level has one number.
        within: Name of the within factor, for the label.
    """
    names = tuple(levels)
    if tokens is not None:
        places = np.asarray(tokens, dtype=np.float64)
        first = int(np.argmax(places > 0)) if (places > 0).any() else len(places)
        drawn = places[first:]
        # Two points or an amount that goes down, such as that of a restarted count, make no axis.
        if len(drawn) >= 2 and np.isfinite(places).all() and (np.diff(drawn) > 0).all():
            return LevelAxis(names, places, label="training tokens (log scale)", is_log=True, first=first)
    if all(isinstance(level, int | float) for level in names):
        return LevelAxis(names, np.array(names, dtype=np.float64), label=within, is_log=False, first=0)
    return LevelAxis(names, np.arange(len(names), dtype=np.float64), label=within, is_log=False, first=0)


def amount_text(value: float) -> str:
    """An amount in at most four digits: 409600 as "410K", 20000768 as "20M"."""
    for size, suffix in ((1e12, "T"), (1e9, "B"), (1e6, "M"), (1e3, "K")):
        if value >= size * 0.9995:
            return f"{value / size:.3g}{suffix}"
    return f"{value:.3g}"
