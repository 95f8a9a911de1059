"""A missing cell takes pairs out of the counts of telemetry, and the audit says so."""

import numpy as np
import pandas as pd
import pytest

from analysis import analyze_frame
from analysis.grid import Grid
from analysis.lost_pairs import warn_about_lost_pairs
from analysis.missing_cells import Cell
from analysis.table_statistics import analyze_table
from configs.telemetry import TelemetryConfig

CONSEQUENCE = (
    "backslides, spikes and stable_phase are counted without them, drawdown and rises end at the first gap of a seed, "
    "and stopping leaves such seeds out"
)


@pytest.fixture
def frame():
    """Three seeds at intervals 0 to 9 with rises and falls; no two values are equal."""
    losses = np.random.default_rng(3).normal(2, 0.1, (3, 10))
    return pd.DataFrame(
        [
            {"condition": "base", "seed": seed, "interval": interval, "val_loss": losses[row, interval]}
            for row, seed in enumerate((11, 22, 33))
            for interval in range(10)
        ]
    )


def _without(frame, *cells):
    is_lost = [(row.seed, row.interval) in cells for row in frame.itertuples()]
    return frame[~np.array(is_lost)]


def _lost(statistics):
    return [text for text in statistics["audit"]["warnings"] if text.startswith("val_loss: ") and "levels" in text]


def test_complete_table_loses_nothing(frame):
    assert _lost(analyze_frame(frame)) == []


def test_missing_cell_is_named_with_the_counts_that_lose_its_pairs(frame):
    statistics = analyze_frame(_without(frame, (22, 4)))

    published = statistics["telemetry"]["published"]
    # 3 x 9 deltas; the one that ends at level 4 and the one that begins there are gone.
    assert _lost(statistics) == [
        f"val_loss: 2 of 27 pairs of neighbouring levels are missing (seed 22 at 4); {CONSEQUENCE}"
    ]
    assert published["backslides"]["of"] == 25
    assert published["backslides_of_noise"]["expected"] == 12.5
    assert statistics["stopping"]["left_out"] == [22]


def test_run_that_ended_early_and_gaps_of_others_are_named_together(frame):
    statistics = analyze_frame(_without(frame, (11, 8), (11, 9), (33, 5)))

    assert _lost(statistics) == [
        f"val_loss: 4 of 27 pairs of neighbouring levels are missing (seed 11 at 8, 9; seed 33 at 5); {CONSEQUENCE}"
    ]


def test_expected_interval_that_no_seed_has_is_named(frame):
    without = _without(frame, *((seed, 6) for seed in (11, 22, 33)))
    cells = [Cell("base", seed, interval) for seed in (11, 22, 33) for interval in range(10)]

    statistics = analyze_table(without, telemetry=TelemetryConfig(), metrics=("val_loss",), expected=cells)

    assert _lost(statistics) == [
        f"val_loss: 6 of 27 pairs of neighbouring levels are missing (every seed at 6); {CONSEQUENCE}"
    ]


def test_level_that_no_seed_has_is_named_where_the_others_are_equally_far_apart(frame):
    statistics = analyze_frame(_without(frame, *((seed, 6) for seed in (11, 22, 33))))

    assert _lost(statistics) == [
        "val_loss: levels are 1 apart but for 5 and 7: no seed has what lies between, and telemetry takes such two for "
        "neighbours"
    ]


@pytest.mark.parametrize(
    "levels",
    [(0, 1, 2, 4, 8, 16, 32), (0, 1, 3, 6, 10), (0, 100, 200, 250, 300, 400), ("a", "b", "c", "d"), (1, 5)],
    ids=["doubled", "growing", "uneven", "words", "two"],
)
def test_levels_that_are_meant_to_be_uneven_lack_nothing(levels):
    frame = pd.DataFrame(
        [
            {"seed": seed, "interval": level, "val_loss": seed + place}
            for seed in (1, 2)
            for place, level in enumerate(levels)
        ]
    )

    assert _lost(analyze_frame(frame)) == []


def test_long_lists_are_cut_short():
    values = np.ones((9, 10))
    values[:, 1:9] = np.where(np.eye(9)[:, :8] > 0, np.nan, 1.0)
    values[0, 1:9] = np.nan

    (sentence,) = warn_about_lost_pairs(Grid(values, subjects=tuple(range(9)), levels=tuple(range(10))))

    assert "(seed 0 at 1, 2, 3, 4, 5, 6 and 2 more; seed 1 at 2; seed 2 at 3; " in sentence
    assert "seed 5 at 6; and 2 more)" in sentence
