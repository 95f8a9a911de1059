"""Names of levels below a heat map, measured as they are drawn."""

from itertools import pairwise

import numpy as np
import pytest

from analysis.figures.canvas import NARROW, WIDE, Canvas, new_axes
from analysis.figures.heat_map import BAR_SPACE, MAX_COLUMN_LABELS, ColorRange, plot_heat_map
from analysis.figures.style import house_style


@pytest.mark.parametrize("step", [1, 37, 1_024, 10_000_000])
@pytest.mark.parametrize("canvas", [WIDE, NARROW], ids=["wide", "narrow"])
def test_names_below_leave_room_between_them(canvas: Canvas, step: int) -> None:
    levels = [step * index for index in range(21)]

    with house_style(font_size=canvas.font_size):
        figure, (axes, _) = new_axes(canvas, height=312, columns=2, left=48, right=BAR_SPACE, gap_x=112)
        plot_heat_map(
            axes,
            np.zeros((21, 21)),
            rows=levels,
            columns=levels,
            row_name="step",
            column_name="step",
            colors=ColorRange(0, 1),
        )
        figure.canvas.draw()
        extents = [label.get_window_extent() for label in axes.get_xticklabels()]

    assert 1 <= len(extents) <= MAX_COLUMN_LABELS
    assert all(right.x0 - left.x1 >= 3 for left, right in pairwise(extents))
