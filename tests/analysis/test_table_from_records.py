"""The table has one row per record, DESIGN's columns, and no number where there is none."""

import random

import pandas as pd
import pytest

from analysis import Cell, missing_cells, table_from_records
from analysis.missing_cells import describe_cells
from configs.errors import TableError
from configs.telemetry import TelemetryConfig

COLUMNS = [
    "condition",
    "seed",
    "interval",
    "step",
    "tokens",
    "target_tokens",
    "passes",
    "learning_rate",
    "train_loss",
    "val_loss",
    "val_loss_se",
    "val_ppl",
    "grad_norm",
    "delta",
    "rolling_volatility",
    "backslide",
    "backslide_magnitude",
    "backslide_frequency",
    "spike",
    "spike_rate",
    "stable_phase_candidate",
    "drawdown",
    "tokens_per_s",
    "elapsed_s",
    "energy_joules",
    "energy_source",
    "threads",
    "cpu_model",
    "attempt",
]
TELEMETRY = TelemetryConfig(window=3)
LOSSES = {1: [4.0, 3.0, 3.5, 3.25], 2: [4.5, 3.5, 3.0, 3.0]}


def table_of(records):
    return table_from_records(records, telemetry=TELEMETRY)


def row_of(table, seed, interval):
    return table[(table["seed"] == seed) & (table["interval"] == interval)].iloc[0]


def test_columns_are_those_of_the_contract(make_records):
    assert list(table_of(make_records(LOSSES)).columns) == COLUMNS


def test_rows_are_sorted_whatever_the_order_of_records(make_records):
    records = make_records(LOSSES) + make_records(LOSSES, condition="a")
    shuffled = random.Random(0).sample(records, k=len(records))

    table = table_of(shuffled)

    pd.testing.assert_frame_equal(table, table_of(records))
    keys = list(zip(table["condition"], table["seed"], table["interval"], strict=True))
    assert keys == sorted(keys)
    assert len(keys) == 16


def test_types_are_integers_floats_and_text(make_records):
    types = table_of(make_records(LOSSES)).dtypes

    assert types["seed"] == types["backslide"] == types["spike"] == types["stable_phase_candidate"] == "Int64"
    assert types["val_loss"] == types["delta"] == types["learning_rate"] == "float64"
    assert types["condition"] == "str"


def test_interval_zero_has_drawdown_and_no_other_telemetry(make_records):
    row = row_of(table_of(make_records(LOSSES)), 1, 0)

    undefined = ["delta", "rolling_volatility", "backslide", "backslide_magnitude", "backslide_frequency", "spike"]
    assert row[[*undefined, "spike_rate", "stable_phase_candidate", "learning_rate", "train_loss"]].isna().all()
    assert row["drawdown"] == 0


def test_telemetry_by_hand(make_records):
    table = table_of(make_records(LOSSES))
    row = row_of(table, 1, 2)

    assert row["delta"] == 0.5
    assert row["backslide"] == 1
    assert row["backslide_magnitude"] == 0.5
    assert row["rolling_volatility"] == pytest.approx(1.5 / 2**0.5)  # SD of -1 and .5
    assert row["backslide_frequency"] == 1
    assert row["spike"] == 0  # .5 is not above -.25 + 2 x .75
    assert row["drawdown"] == 0.5
    assert row_of(table, 1, 3)["drawdown"] == 0.25
    assert pd.isna(row_of(table, 1, 1)["rolling_volatility"])
    assert pd.isna(row_of(table, 1, 1)["stable_phase_candidate"])


def test_volatility_quantile_is_pooled_within_each_condition(make_records):
    calm = {1: [1.0, 1.0, 1.0, 1.0], 2: [1.0, 1.0, 1.0, 1.0]}
    together = table_of(make_records(LOSSES) + make_records(calm, condition="calm"))

    alone = table_of(make_records(LOSSES))

    pd.testing.assert_frame_equal(together[together["condition"] == "base"].reset_index(drop=True), alone)


def test_telemetry_does_not_reach_over_a_gap(make_records):
    losses = {1: [4.0, 3.0, None, 3.5, 3.25, 3.0, 2.9], 2: [4.0, 3.5, 3.2, 3.1, 3.0, 2.9, 2.8]}

    table = table_of(make_records(losses))

    assert len(table) == 13
    after_gap = table[(table["seed"] == 1) & (table["interval"] > 1)].set_index("interval")
    assert after_gap["delta"].isna().tolist() == [True, False, False, False]
    assert after_gap["rolling_volatility"].isna().tolist() == [True, True, True, False]
    assert after_gap["spike"].isna().tolist() == [True, True, True, False]
    assert after_gap["backslide_frequency"].isna().tolist() == [True, True, True, False]
    assert after_gap["drawdown"].isna().all()
    assert table.loc[table["seed"] == 2, "delta"].notna().sum() == 6


def test_gap_that_all_seeds_share_is_a_gap(make_records):
    table = table_of(make_records({1: [4.0, 3.0, None, 2.0], 2: [4.0, 3.0, None, 2.0]}))

    assert table.loc[table["interval"] == 3, "delta"].isna().all()


def test_no_record_is_a_table_without_rows():
    table = table_of([])

    assert list(table.columns) == COLUMNS
    assert len(table) == 0
    assert table.dtypes["seed"] == "Int64"


def test_two_records_of_one_cell_are_an_error(make_record):
    records = [make_record(seed=1, interval=0, val_loss=loss) for loss in (1.0, 2.0)]

    with pytest.raises(TableError, match="condition base, seed 1, interval 0"):
        table_of(records)


def test_missing_cells_are_listed(make_records):
    table = table_of(make_records({1: [4.0, 3.0], 2: [4.0]}))
    expected = [Cell("base", seed, interval) for seed in (1, 2, 3) for interval in (0, 1)]

    missing = missing_cells(table, expected=expected)

    assert missing == (Cell("base", 2, 1), Cell("base", 3, 0), Cell("base", 3, 1))
    assert describe_cells(missing) == "seed 2 interval 1; seed 3 intervals 0-1"


def test_missing_cells_of_an_empty_table_are_all():
    assert missing_cells(table_of([]), expected=[Cell("base", 1, 0)]) == (Cell("base", 1, 0),)


def test_cells_are_named_by_ranges_and_condition():
    cells = [Cell("a", 1, interval) for interval in (2, 3, 4, 7)] + [Cell("b", 1, 0)]

    assert describe_cells(cells) == "a seed 1 intervals 2-4, 7; b seed 1 interval 0"
