"""Figures, captions and tables of trends tell of what is drawn, for one size or seed as for many."""

import json
from collections.abc import Callable, Sequence

import numpy as np
import pandas as pd
import pytest

from analysis.figures.canvas import NARROW, WIDE
from analysis.figures.trends import plot_class_shares
from analysis.probes.probe_tables import write_probe_table
from analysis.report.blocks import Block, FigureBlock, Note, TableBlock
from analysis.report.facts import ReportFacts
from analysis.report.sections.trend_passes import TrendPasses
from analysis.report.trend_percent import percent_cell, percent_interval
from analysis.report.trend_texts import text_words
from configs.run_paths import RunPaths

NOISE = tuple(f"noise-{share}" for share in (0, 20, 40, 60, 80, 100))
WRITTEN = tuple(
    f"{writer}/nucleus" for writer in ("large-minus-small", "large", "small-plus-large", "small", "small-minus-large")
)
BETTER = {"n": 2, "mean": -0.1, "sd": 0.01, "ci95_low": -0.2, "ci95_high": -0.05}


@pytest.fixture
def facts(tmp_path) -> ReportFacts:
    """A run directory without a probe."""
    (tmp_path / "probes").mkdir()
    return ReportFacts(title="a ladder", paths=RunPaths(tmp_path), statistics={}, conditions=(), command="")


@pytest.fixture
def write(facts: ReportFacts) -> Callable[..., Sequence[Block]]:
    """A function that writes what was measured of texts, and gives the blocks of its section."""

    def run(*, conditions: Sequence[str], seeds: Sequence[int], writer: int | None) -> Sequence[Block]:
        texts = NOISE if writer is None else (*NOISE, "story", *WRITTEN)
        rows = [
            {
                "condition": condition,
                "seed": seed,
                "interval": interval,
                "step": 10 * interval,
                "texts": name,
                "loss_nats": 3.0 + texts.index(name) + seed / 100,
                "is_writer": seed == writer and "/" in name,
            }
            for condition in conditions
            for seed in seeds
            for interval in (0, 1, 2)
            for name in texts
        ]
        write_probe_table(pd.DataFrame(rows), path=facts.paths.probes.table("trend_texts"), provenance={})
        by_size = [
            {"texts": name, "slope": BETTER, "verdict": "larger models predict better"}
            if name in ("noise-0", "small/greedy") and len(conditions) > 1
            else {"texts": name, "slope": {"undefined": "why"}, "verdict": "why"}
            for name in (*texts, "small/greedy")
        ]
        summary = {
            "sizes": {name: 10 ** (3 + index) for index, name in enumerate(conditions)},
            "texts": {"by_size": by_size},
            "choices": {"undefined": "nothing was asked"},
        }
        facts.paths.probes.summary("trends").write_text(json.dumps(summary))
        return TrendPasses().blocks(facts)

    return run


def test_one_size_has_one_panel_its_losses_and_a_note_on_what_cannot_be_said(write) -> None:
    figure, note = write(conditions=("base",), seeds=(1, 2), writer=None)

    assert isinstance(figure, FigureBlock)
    for canvas in (WIDE, NARROW):
        (axes,) = figure.draw(canvas).axes
        assert (axes.get_title(), axes.get_xlabel()) == ("stories with random tokens", "random tokens (%)")
    assert figure.caption == (
        "Stories with random tokens: loss at the last interval on stories of which a share of tokens was replaced. "
        "Lines: mean over seeds (n = 2); bands: 95 % t interval over seeds."
    )
    assert "Larger models" not in figure.alt
    assert figure.table is not None
    # 3 + 1 nats, and the mean of .01 and .02.
    assert figure.table.rows[1] == ("noise-20", "stories with 20 % random tokens", "4.015")
    assert note == Note("With one size of model it cannot be said which of these texts larger models predict better.")


def test_two_sizes_have_three_panels_and_an_alt_that_names_drawn_texts_alone(write) -> None:
    figure, table = write(conditions=("small", "large"), seeds=(1, 2), writer=1)

    assert isinstance(figure, FigureBlock)
    titles = [axes.get_title() for axes in figure.draw(WIDE).axes]
    assert titles == ["stories with random tokens", "texts by mixtures", "texts by s − l"]
    assert figure.alt.endswith("Larger models predict better: stories as they are.")
    assert isinstance(table, TableBlock)
    assert table.rows[0] == ("noise-0", "−0.100", "[−0.200, −0.050]", "larger models predict better")
    assert table.rows[1] == ("noise-20", "–", "–", "why")


def test_texts_that_only_their_writer_scored_are_neither_drawn_nor_told_of(write) -> None:
    figure, _ = write(conditions=("small", "large"), seeds=(1,), writer=1)

    assert isinstance(figure, FigureBlock)
    (axes,) = figure.draw(WIDE).axes
    assert axes.get_title() == "stories with random tokens"
    assert "mixtures" not in figure.caption
    assert figure.caption.endswith("Lines: the one seed.")


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("noise-0", "stories as they are"),
        ("noise-60", "stories with 60 % random tokens"),
        ("noise-100", "random tokens alone"),
        ("story", "stories continued as they are"),
        ("small-minus-large/nucleus", "texts by smallest − largest (nucleus)"),
    ],
)
def test_texts_have_names_in_words(name: str, words: str) -> None:
    assert text_words(name) == words


def test_shares_are_percentages_of_two_decimals_however_small() -> None:
    assert percent_cell(0.5385) == "53.85"
    assert percent_cell(1.2e-5) == "0.00"
    assert percent_cell({"undefined": "why"}) == "–"
    assert percent_interval(-0.0012, 0.0141) == "[0.00, 1.41]"
    assert percent_interval({"undefined": "one seed has no spread"}, 0.1) == "no interval: one seed has no spread"


def test_single_start_sets_conditions_beside_each_other_with_bars_for_bands() -> None:
    from analysis.figures.canvas import new_axes

    shares = pd.DataFrame(
        [
            {"condition": condition, "seed": seed, "start_fraction": 0.1, "share": 0.2 + 0.1 * seed}
            for condition in ("small", "large")
            for seed in (0, 1)
        ]
    )
    _, (axes,) = new_axes(WIDE, height=250)

    plot_class_shares(axes, shares, conditions=("small", "large"), chance={"large": [0.05]})

    marks = [line.get_xydata().tolist() for line in axes.lines if len(line.get_xydata()) == 1]
    assert marks == [[[0.0, pytest.approx(25.0)]], [[1.0, pytest.approx(25.0)]]]
    # t(.975, 1) x sd / sqrt(2) = 12.7062 x 5 %.
    bar = axes.collections[0].get_segments()[0]
    assert np.ptp(bar[:, 1]) == pytest.approx(2 * 12.7062 * 5, rel=1e-5)
    assert axes.get_xlabel() == "from 10 % of training on"
