"""Numbers, tables and figures of the report, one by one."""

import re
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from analysis.figures.bands import band_of
from analysis.figures.canvas import NARROW, WIDE, new_axes, short_label
from analysis.figures.level_axis import amount_text, level_axis
from analysis.figures.style import PAPER, SERIES, THEME, house_style, series_style
from analysis.figures.trajectories import plot_mean, plot_minimum, plot_trajectories
from analysis.grid import Grid
from analysis.report.blocks import TableBlock
from analysis.report.html import column_classes
from analysis.report.latex import latex_table
from analysis.report.notebook import notebook_html
from analysis.report.numbers import bare, interval_text, number, p_text, share, share_interval, span_text

MEGABYTE = 1_000_000


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (2.79962, "2.7996"),
        (-0.25, "−0.2500"),
        (10030.8667, "10,030.9"),
        (1234567.8, "1,234,568"),
        (0.0, "0.0000"),
        (1.25e-7, "1.250e−07"),
        (6, "6"),
        (float("nan"), "–"),
        ({"undefined": "why"}, "–"),
    ],
)
def test_number_is_written_so_that_its_size_is_seen(value: Any, text: str) -> None:
    assert number(value) == text


@pytest.mark.parametrize(
    ("value", "digits", "text"), [(0.0046, 2, "0.00"), (-0.0001, 2, "0.00"), (0.46, 0, "0"), (236.4, 1, "236.4")]
)
def test_number_of_given_decimals_keeps_them(value: float, digits: int, text: str) -> None:
    assert number(value, digits=digits) == text


@pytest.mark.parametrize(
    ("low", "sd", "text"),
    [(-0.4, 0.3, "[0.0000, 0.7000]"), (0.2, 0.3, "[0.2000, 0.7000]"), (0.7, 0.0, "the same for all")],
)
def test_interval_of_seeds_ends_at_the_least_that_each_can_have(low: float, sd: float, text: str) -> None:
    assert span_text({"ci95_low": low, "ci95_high": 0.7, "sd": sd}, least=0.0) == text


def test_share_of_statistics_is_written_as_a_page_writes_it() -> None:
    assert [share(value) for value in (0.1333, -0.191, {"undefined": "why"})] == [".13", "−.19", "–"]
    assert share_interval(0.0002, 0.9999, digits=3) == "[< .001, > .999]"


def test_column_is_as_wide_as_its_words_need() -> None:
    table = TableBlock(
        name="t",
        caption="",
        columns=("per seed", "mean", "95 % t interval", "of", "meaning"),
        rows=(
            (
                "final minus own minimum",
                "0.1",
                "[0, 1]",
                "seeds",
                "how alike the seeds' trajectories are in shape, " * 2,
            ),
        ),
    )

    assert column_classes(table) == ["w", "n", "t", "t", "l"]


def test_share_just_below_one_is_not_written_as_one() -> None:
    assert [bare(value, digits=2) for value in (0.9999, 1.0, 0.154, -0.03)] == ["> .99", "1.00", ".15", "−.03"]


def test_p_is_written_after_the_apa() -> None:
    texts = [p_text(value) for value in (0.03125, 1e-25, {"undefined": "one seed"})]

    assert texts == ["= .031", "< .001", "undefined (one seed)"]


def test_missing_interval_gives_its_reason() -> None:
    assert interval_text({"undefined": "one seed has no spread"}, 1.0) == "no interval: one seed has no spread"


def test_latex_takes_no_cell_for_a_command() -> None:
    table = TableBlock(
        name="t",
        caption="100 % of a_b & c",
        columns=("ε_1 ± χ²", "$y$"),
        rows=(("[1, 2]", r"\input{x}"), ("a^b", "−3")),
    )

    body = latex_table(table)

    assert r"100 \% of a\_b \& c" in body
    assert r"    $\varepsilon$\_1 $\pm$ $\chi$$^2$ & \$y\$ \\" in body
    assert r"    {[1, 2]} & \textbackslash{}input\{x\} \\" in body
    assert r"    a\textasciicircum{}b & $-$3 \\" in body


def test_tables_behind_the_figures_are_read_as_numbers(make_frame: Any, report_of: Any, tmp_path: Path) -> None:
    frame = make_frame(seeds=[1, 2, 3], num_levels=4).assign(val_loss=lambda table: table["val_loss"] - 20_000)

    paths = report_of(frame, out=tmp_path)

    levels = pd.read_csv(paths.figure_file("levels", "csv"))
    assert levels["mean"].to_numpy() == pytest.approx(frame.groupby("interval")["val_loss"].mean(), abs=0.1)


def test_page_with_many_seeds_levels_and_conditions_stays_below_a_megabyte(
    make_frame: Any, report_of: Any, tmp_path: Path
) -> None:
    frame = make_frame(seeds=list(range(10)), num_levels=80, conditions=("a", "b", "c", "d"))

    page = report_of(frame, out=tmp_path).report_html

    assert page.stat().st_size < MEGABYTE


def test_notebook_shows_answer_and_figure_and_takes_no_name_for_markup(make_frame: Any, facts_of: Any) -> None:
    facts = facts_of(make_frame(seeds=["<script>", "b", "c"], num_levels=4), title="<script>ran()</script>")

    fragment = notebook_html(facts)

    assert "<script" not in fragment
    assert "Mean validation loss is lowest" in fragment
    assert len(re.findall(r'<img src="data:image/svg\+xml;base64,', fragment)) == 1


def test_plots_return_the_axes_that_they_were_given() -> None:
    grid = Grid(values=np.array([[3.0, 2.0, 1.0], [3.1, 2.2, 1.2]]), subjects=(1, 2), levels=(0, 1, 2))
    axis, band = level_axis(grid.levels, tokens=None, within="interval"), band_of(grid)
    with house_style(font_size=WIDE.font_size):
        _, (axes,) = new_axes(WIDE, height=200)

        assert plot_trajectories(axes, grid, axis=axis) is axes
        assert plot_mean(axes, band, axis=axis) is axes
        assert plot_minimum(axes, band, axis=axis, lowest_drawn=1.0, text="lowest") is axes


def test_band_is_the_t_interval_of_the_seeds_that_are_there() -> None:
    grid = Grid(values=np.array([[1.0, 1.0], [2.0, np.nan], [3.0, np.nan]]), subjects=(1, 2, 3), levels=(0, 1))

    band = band_of(grid)

    # R 4.2.2: t.test(c(1, 2, 3))$conf.int gives -0.4841377 4.4841377
    assert (band.low[0], band.high[0]) == pytest.approx((-0.4841377, 4.4841377), abs=1e-7)
    assert (band.n.tolist(), np.isnan(band.low).tolist()) == ([3, 1], [False, True])


def test_tokens_are_on_a_log_axis_from_the_second_interval_on() -> None:
    axis = level_axis((0, 1, 2), tokens=(0, 1000, 2000), within="interval")

    assert (axis.is_log, axis.first, axis.places[axis.shown].tolist()) == (True, 1, [1000, 2000])


@pytest.mark.parametrize("tokens", [None, (0, 5, 3), (0, 0, 7), (0, 7, 7)])
def test_levels_stand_at_their_numbers_where_tokens_make_no_axis(tokens: Any) -> None:
    axis = level_axis((0, 10, 30), tokens=tokens, within="step")

    assert (axis.is_log, axis.places.tolist(), axis.label) == (False, [0, 10, 30], "step")


def test_seeds_are_told_apart_without_colour() -> None:
    looks = {(series_style(place).marker, series_style(place).dash) for place in range(32)}

    assert len(looks) == 32


@pytest.mark.parametrize("ground", ["light", "dark"])
def test_lines_stand_out_from_the_page(ground: str) -> None:
    paper = PAPER if ground == "light" else THEME[PAPER]
    colors = SERIES if ground == "light" else tuple(THEME[color] for color in SERIES)

    # 3 : 1 is the least contrast of graphics in WCAG 2.2, 1.4.11.
    assert min(_contrast(color, paper) for color in colors) >= 3


def test_long_name_is_cut_and_control_characters_are_replaced() -> None:
    assert short_label("a" * 100) == "a" * 23 + "…"
    assert short_label("a\x07\nb") == "a��b"


@pytest.mark.parametrize(
    ("tokens", "text"), [(409_600, "410K"), (20_000_768, "20M"), (999_999, "1M"), (1.5e9, "1.5B"), (7, "7")]
)
def test_amount_of_tokens_is_short(tokens: float, text: str) -> None:
    assert amount_text(tokens) == text


def test_phone_has_a_drawing_of_its_own() -> None:
    assert NARROW.is_narrow
    assert not WIDE.is_narrow


def _contrast(one: str, other: str) -> float:
    low, high = sorted((_luminance(one), _luminance(other)))
    return (high + 0.05) / (low + 0.05)


def _luminance(color: str) -> float:
    parts = [int(color[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.03928 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return float(np.dot(linear, (0.2126, 0.7152, 0.0722)))
