"""Colours, markers and lines of every figure: fit for the colour-blind, for grey and for a dark page."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import matplotlib as mpl

__all__ = [
    "CALM",
    "GRID",
    "INK",
    "MAX_NAMED_SEEDS",
    "MUTED",
    "PAPER",
    "SERIES",
    "THEME",
    "SeriesStyle",
    "house_style",
    "series_style",
]

INK = "#1b1f23"
MUTED = "#5f6872"
GRID = "#d8dce1"
CALM = "#aab2bb"
PAPER = "#ffffff"
# Found by search: of six colours with a contrast of 3 : 1 on the page, those whose least distance (CIEDE2000) is large
# for normal sight and under the three dichromacies (Machado et al. 2009, doi:10.1109/TVCG.2009.113), and two to them.
SERIES = ("#0087ff", "#870f00", "#1e785a", "#d27896", "#87960f", "#4b1e78", "#1e2fd8", "#695a78")
_SERIES_DARK = ("#87a5e1", "#d2002d", "#4bffb4", "#c37887", "#b4b400", "#784bd2", "#875a78", "#5a785a")
THEME = {
    INK: "#e8eaed",
    MUTED: "#a3abb4",
    GRID: "#383e45",
    CALM: "#69727c",
    PAPER: "#14171a",
    **dict(zip(SERIES, _SERIES_DARK, strict=True)),
}
"""Each colour and what it becomes on a dark page."""

MAX_NAMED_SEEDS = 8
"""Above this many, seeds are thin lines without a name."""

_MARKERS = ("o", "s", "^", "D", "v", "P", "X", "*")
_DASHES: tuple[str | tuple[float, tuple[float, ...]], ...] = ("-", (0, (4, 1.5)), (0, (1, 1.2)), (0, (6, 1.5, 1, 1.5)))


@dataclass(frozen=True, slots=True)
class SeriesStyle:
    """How one series looks; marker and dash tell it apart without its colour."""

    color: str
    marker: str
    dash: str | tuple[float, tuple[float, ...]]


def series_style(position: int) -> SeriesStyle:
    """The style of the series at a position; styles repeat after 32."""
    turn, place = divmod(position, len(SERIES))
    return SeriesStyle(color=SERIES[place], marker=_MARKERS[place], dash=_DASHES[turn % len(_DASHES)])


@contextmanager
def house_style(*, font_size: float) -> Iterator[None]:
    """Draw with the house's fonts, lines and colours.

    Args:
        font_size: In points, which are the pixels of a figure shown at its own size.
    """
    with mpl.rc_context(_settings(font_size)):
        yield


def _settings(font_size: float) -> dict[Any, Any]:  # Any: matplotlib names its settings one by one
    return {
        "font.size": font_size,
        "axes.titlesize": font_size,
        "axes.titleweight": "bold",
        "axes.titlelocation": "left",
        "axes.titlepad": 8,
        "axes.labelsize": font_size,
        "axes.labelcolor": MUTED,
        "axes.edgecolor": CALM,
        "axes.facecolor": "none",
        "axes.linewidth": 0.8,
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.axisbelow": True,
        "axes.unicode_minus": True,
        "grid.color": GRID,
        "grid.linewidth": 0.7,
        "figure.facecolor": PAPER,
        "text.color": INK,
        # A dollar sign in the name of a condition is no formula.
        "text.parse_math": False,
        "xtick.color": CALM,
        "ytick.color": CALM,
        "xtick.labelcolor": MUTED,
        "ytick.labelcolor": MUTED,
        "xtick.labelsize": font_size - 1,
        "ytick.labelsize": font_size - 1,
        "legend.frameon": False,
        "legend.fontsize": font_size - 1,
        "lines.linewidth": 1.0,
        "svg.fonttype": "none",
        "svg.hashsalt": "seedscope",
    }
