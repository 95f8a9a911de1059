"""Figures can be told apart by colour alone, and nothing in them is cut or overwritten."""

from itertools import combinations
from typing import Any

import numpy as np
import pytest
from matplotlib.axes import Axes

from analysis.figures.bands import band_of
from analysis.figures.canvas import NARROW, WIDE, Canvas, new_axes
from analysis.figures.forest import ForestRow, plot_forest
from analysis.figures.level_axis import level_axis
from analysis.figures.style import SERIES, THEME, house_style
from analysis.figures.telemetry_strip import plot_backslides
from analysis.figures.trajectories import plot_mean, plot_minimum, plot_trajectories
from analysis.grid import Grid

# What dichromats see of linear RGB: Machado, Oliveira and Fernandes 2009, severity 1.
SIGHTS = {
    "normal": np.eye(3),
    "protanopia": np.array(
        [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]]
    ),
    "deuteranopia": np.array(
        [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]]
    ),
    "tritanopia": np.array(
        [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]]
    ),
}
NUM_SEEDS = 6


@pytest.mark.parametrize("sight", list(SIGHTS))
@pytest.mark.parametrize("ground", ["light", "dark"])
def test_six_seeds_have_six_colours_to_every_eye(ground: str, sight: str) -> None:
    colors = SERIES[:NUM_SEEDS] if ground == "light" else tuple(THEME[color] for color in SERIES[:NUM_SEEDS])
    seen = [_lab(SIGHTS[sight] @ _linear(color)) for color in colors]

    # A distance of 2.3 in CIE 1976 L*a*b* is just noticeable side by side; thin lines lie apart.
    assert min(float(np.linalg.norm(one - other)) for one, other in combinations(seen, 2)) > 20


@pytest.mark.parametrize("canvas", [WIDE, NARROW], ids=["wide", "narrow"])
@pytest.mark.parametrize("last", [1.0, 2.5])
def test_words_at_the_lowest_mean_lie_between_the_lines_and_the_axis(canvas: Canvas, last: float) -> None:
    values = np.array([[6.0, 3.0, 2.0, last], [6.2, 3.1, 2.1, last + 0.1]])
    grid = Grid(values=values, subjects=(1, 2), levels=(0, 1, 2, 3))
    axis, band = level_axis(grid.levels, tokens=None, within="interval"), band_of(grid)

    with house_style(font_size=canvas.font_size):
        figure, (axes,) = new_axes(canvas, height=270)
        plot_trajectories(axes, grid, axis=axis)
        plot_mean(axes, band, axis=axis)
        plot_minimum(axes, band, axis=axis, lowest_drawn=float(values.min()), text="1.6966 at interval 3")
        figure.canvas.draw()
        (words,) = (text for text in axes.texts if "interval" in text.get_text())
        extent, frame = words.get_window_extent(), axes.get_window_extent()

    assert extent.y0 >= frame.y0 + 2
    assert extent.y1 <= axes.transData.transform((0, float(values.min())))[1] - 4


def test_rings_of_seeds_that_got_worse_are_whole() -> None:
    axis = level_axis((0, 1, 2), tokens=None, within="interval")
    with house_style(font_size=WIDE.font_size):
        _, (axes,) = new_axes(WIDE, height=120)

        plot_backslides(axes, axis=axis, every=np.array([0, 0, 6]), beyond=np.array([0, 0, 6]), num_seeds=6)

    assert [line.get_clip_on() for line in axes.get_lines()] == [False, False]


def test_forest_fills_what_it_is_told_to_fill() -> None:
    rows = [
        ForestRow(label=str(place), mean=1.0, low=0.5, high=1.5, is_filled=is_filled)
        for place, is_filled in enumerate((True, False))
    ]
    with house_style(font_size=WIDE.font_size):
        _, (axes,) = new_axes(WIDE, height=120)

        plot_forest(axes, rows, label="difference", limits=(0.0, 2.0))

    assert [face != "none" for face in _faces(axes)] == [True, False]


def _faces(axes: Axes) -> list[Any]:
    return [line.get_markerfacecolor() for line in axes.get_lines() if line.get_marker() == "o"]


def _linear(color: str) -> Any:
    parts = np.array([int(color[place : place + 2], 16) / 255 for place in (1, 3, 5)])
    return np.where(parts <= 0.04045, parts / 12.92, ((parts + 0.055) / 1.055) ** 2.4)


def _lab(linear: Any) -> Any:
    """CIE 1976 L*a*b* of linear sRGB under D65."""
    to_xyz = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])
    xyz = to_xyz @ np.clip(linear, 0, 1) / np.array([0.95047, 1.0, 1.08883])
    x, y, z = np.where(xyz > 0.008856, np.cbrt(xyz), 7.787 * xyz + 16 / 116)
    return np.array([116 * y - 16, 500 * (x - y), 200 * (y - z)])
