"""An experiment's table, whole or partial, with one condition or several."""

import json

import numpy as np
import pytest

from analysis import (
    Cell,
    analyze_table,
    read_table,
    statistics_to_json,
    summarize,
    summary_facts,
    table_from_records,
    write_table,
)
from configs.errors import TableError
from configs.telemetry import TelemetryConfig

TELEMETRY = TelemetryConfig()


@pytest.fixture
def losses():
    rng = np.random.default_rng(11)
    return {
        seed: list(np.array([8.0, 4.0, 3.0, 2.8, 2.9, 3.1, 3.4]) + rng.normal(0, 0.05, 7))
        for seed in (101, 202, 303, 404, 505, 606)
    }


@pytest.fixture
def table(make_records, losses):
    return table_from_records(make_records(losses), telemetry=TELEMETRY)


def expected_cells(losses, condition="base"):
    return [Cell(condition, seed, interval) for seed in losses for interval in range(7)]


def test_default_metrics_of_a_run(table):
    statistics = analyze_table(table, telemetry=TELEMETRY)

    assert list(statistics["metrics"]) == ["val_loss", "val_ppl", "rolling_volatility"]
    assert statistics["metrics"]["rolling_volatility"]["num_levels"] == 5
    assert statistics["audit"]["missing_cells"] == []
    assert "conditions" not in statistics


def test_files_give_the_same_statistics(table, tmp_path):
    write_table(table, csv=tmp_path / "t.csv", parquet=tmp_path / "t.parquet")
    expected = statistics_to_json(analyze_table(table, telemetry=TELEMETRY))

    for name in ("t.csv", "t.parquet"):
        again = analyze_table(read_table(tmp_path / name), telemetry=TELEMETRY)
        assert statistics_to_json(again) == expected


def test_several_conditions_stand_side_by_side(make_records, losses):
    small = {seed: [value + 0.5 for value in row] for seed, row in losses.items()}
    records = make_records(losses, condition="large") + make_records(small, condition="small")
    table = table_from_records(records, telemetry=TELEMETRY)

    statistics = analyze_table(table, telemetry=TELEMETRY)

    assert list(statistics["conditions"]) == ["large", "small"]
    assert statistics["design"]["condition"] == "large"
    assert statistics["metrics"] == statistics["conditions"]["large"]["metrics"]
    assert statistics["conditions"]["small"]["design"]["condition"] == "small"
    (comparison,) = statistics["condition_by_interval"]["val_loss"]["comparisons"]
    assert (comparison["a"], comparison["b"], comparison["pairing"]) == ("large", "small", "paired")
    assert list(statistics["condition_by_interval"]) == list(statistics["metrics"])
    assert json.loads(statistics_to_json(statistics)) == statistics


def test_partial_table_drops_the_seed_and_lists_the_cells(make_records, losses):
    partial = losses | {303: losses[303][:4]}
    table = table_from_records(make_records(partial), telemetry=TELEMETRY)

    statistics = analyze_table(table, telemetry=TELEMETRY, expected=expected_cells(losses))

    assert statistics["design"]["num_subjects"] == 5
    assert statistics["audit"]["dropped"][0]["why"] == "missing at levels 4, 5, 6"
    assert statistics["audit"]["missing_cells"][0] == {"condition": "base", "seed": 303, "interval": 4}
    assert statistics["telemetry"]["num_deltas"] == 5 * 6 + 3


def test_seed_without_any_record_is_named(make_records, losses):
    present = {seed: row for seed, row in losses.items() if seed != 404}
    table = table_from_records(make_records(present), telemetry=TELEMETRY)

    statistics = analyze_table(table, telemetry=TELEMETRY, expected=expected_cells(losses))

    assert statistics["audit"]["dropped"][0]["id"] == "404"
    assert len(statistics["audit"]["missing_cells"]) == 7


def test_condition_without_any_record_is_there_with_reasons(make_records, losses):
    table = table_from_records(make_records(losses), telemetry=TELEMETRY)
    expected = expected_cells(losses) + expected_cells(losses, "small")

    statistics = analyze_table(table, telemetry=TELEMETRY, expected=expected)

    small = statistics["conditions"]["small"]
    assert statistics["design"]["condition"] == "base"
    assert small["design"]["num_subjects"] == 0
    assert "undefined" in small["metrics"]["val_loss"]["rm_anova"]
    assert summarize(statistics, summary_facts(table, expected=expected))[0].startswith("PARTIAL: 42 of 84 cells")
    assert json.loads(statistics_to_json(statistics)) == statistics


def test_stopped_conditions_lie_at_the_tokens_that_each_has_reached(make_records, losses):
    records = make_records({seed: row[:6] for seed, row in losses.items()})
    records += make_records({101: losses[101][:4], 202: losses[202][:2]}, condition="small")
    table = table_from_records(records, telemetry=TELEMETRY)
    expected = expected_cells(losses) + expected_cells(losses, "small")

    base, small = analyze_table(table, telemetry=TELEMETRY, expected=expected)["conditions"].values()

    assert base["metrics"]["val_loss"]["axis"] == {"name": "tokens", "positions": [1000.0 * k for k in range(6)]}
    assert small["metrics"]["val_loss"]["axis"] == {"name": "tokens", "positions": [1000.0 * k for k in range(4)]}
    assert base["telemetry"]["robust"]["stable_phase"]["axis"] == "tokens"


def test_telemetry_counts_the_intervals_that_some_seed_has_reached(make_records, losses):
    stopped = {seed: row[:6] for seed, row in losses.items()} | {303: losses[303][:4]}
    table = table_from_records(make_records(stopped), telemetry=TELEMETRY)
    whole = analyze_table(table, telemetry=TELEMETRY)

    partial = analyze_table(table, telemetry=TELEMETRY, expected=expected_cells(losses))

    assert len(partial["telemetry"]["robust"]["stable_phase"]["levels"]) == 6
    assert partial["telemetry"] == whole["telemetry"]
    assert partial["stopping"] == whole["stopping"]
    assert partial["metrics"] == whole["metrics"]


@pytest.mark.parametrize("change", [{"interval": "late"}, {"interval": -1}, {"seed": "p1"}])
def test_table_of_other_labels_is_an_error(table, losses, change):
    labelled = table.astype(dict.fromkeys(change, object)).assign(**change).iloc[:1]

    with pytest.raises(TableError):
        analyze_table(labelled, telemetry=TELEMETRY, expected=expected_cells(losses) if "seed" in change else ())


def test_empty_table_is_an_error():
    with pytest.raises(TableError, match="no rows"):
        analyze_table(table_from_records([], telemetry=TELEMETRY), telemetry=TELEMETRY)


def test_summary_of_a_whole_table(table):
    sentences = summarize(analyze_table(table, telemetry=TELEMETRY), summary_facts(table))

    assert sentences[0].startswith("Mean validation loss is lowest at interval 3 (3,000 tokens): 2.7874 nats")
    assert "95 % t interval" in sentences[1]
    assert "6 of 6 seeds end above their minimum" in sentences[1]
    assert sentences[2] == "The runs made 3.0 passes over the training text."
    assert sentences[3].startswith("Training loss at the end: 3.")
    assert sentences[4].startswith("F(6, 30) = ")


def test_summary_of_a_partial_table_says_so_first(make_records, losses):
    partial = losses | {303: losses[303][:4]}
    table = table_from_records(make_records(partial), telemetry=TELEMETRY)
    expected = expected_cells(losses)

    sentences = summarize(
        analyze_table(table, telemetry=TELEMETRY, expected=expected), summary_facts(table, expected=expected)
    )

    assert sentences[0] == "PARTIAL: 39 of 42 cells; missing: seed 303 intervals 4-6."
    assert sentences[1] == "Seed 303 is left out of the statistics, having no finite value at some interval."


def test_summary_of_a_run_that_was_stopped_says_up_to_where_it_goes(make_records, losses):
    stopped = {seed: row[:3] for seed, row in losses.items()}
    table = table_from_records(make_records(stopped), telemetry=TELEMETRY)
    expected = expected_cells(losses)

    sentences = summarize(
        analyze_table(table, telemetry=TELEMETRY, expected=expected), summary_facts(table, expected=expected)
    )

    assert sentences[1] == "So far: what follows goes up to interval 2, and more were planned."
    assert "Every seed's validation loss is lowest at interval 2, the last so far (n = 6)." in sentences
    assert "Up to interval 2 the runs made 1.0 passes over the training text." in sentences
    assert any(sentence.startswith("Training loss at interval 2: ") for sentence in sentences)
    assert not any("the end" in sentence or "the last interval" in sentence for sentence in sentences)


def test_interval_of_a_rise_does_not_reach_below_zero(make_records):
    one_rises = {1: [3.0, 2.0, 1.0], 2: [3.1, 2.3, 1.1], 3: [2.9, 2.1, 1.2], 4: [2.9, 2.1, 2.5]}
    table = table_from_records(make_records(one_rises), telemetry=TELEMETRY)

    sentences = summarize(analyze_table(table, telemetry=TELEMETRY), summary_facts(table))

    assert "Final minus minimum: 0.1000 nats (95 % t interval 0.0000 to 0.4182, n = 4)" in sentences[1]


def test_summary_warns_beyond_four_passes(make_record):
    records = [
        make_record(
            seed=seed, interval=interval, val_loss=3.0 - interval + 0.1 * seed * interval, passes=5.0 * interval
        )
        for seed in (1, 2, 3)
        for interval in (0, 1, 2)
    ]
    table = table_from_records(records, telemetry=TELEMETRY)

    sentences = summarize(analyze_table(table, telemetry=TELEMETRY), summary_facts(table))

    assert any("10.0 passes" in text and "Muennighoff et al. 2023" in text for text in sentences)


def test_summary_of_one_seed_gives_no_interval(make_records):
    table = table_from_records(make_records({1: [3.0, 2.0, 2.5]}), telemetry=TELEMETRY)

    sentences = summarize(analyze_table(table, telemetry=TELEMETRY), summary_facts(table))

    assert "no interval: one seed has no spread, n = 1" in sentences[1]
    assert sentences[-1].startswith("No F: 1 seed left")


def test_summary_of_several_conditions_names_them(make_records, losses):
    records = make_records(losses, condition="large") + make_records(losses, condition="small")
    table = table_from_records(records, telemetry=TELEMETRY)

    sentences = summarize(analyze_table(table, telemetry=TELEMETRY), summary_facts(table))

    assert {text.split(":")[0] for text in sentences} == {"large", "small"}
    assert len(sentences) == 10


def test_summary_of_a_loss_that_does_not_change_claims_nothing(make_records):
    table = table_from_records(make_records({seed: [2.0, 2.0, 2.0] for seed in (1, 2, 3)}), telemetry=TELEMETRY)

    sentences = summarize(analyze_table(table, telemetry=TELEMETRY), summary_facts(table))

    assert sentences[0] == "The validation loss does not change: 2.0000 nats per token on average; no F."
    assert not any(word in sentence for sentence in sentences for word in ("lowest", "F(", "No F", "minimum"))


def test_summary_of_one_seed_used_speaks_of_no_mean_and_not_of_every_seed(make_records, losses):
    table = table_from_records(make_records({101: losses[101][:3], 202: losses[202][:2]}), telemetry=TELEMETRY)
    expected = expected_cells(losses)

    sentences = summarize(
        analyze_table(table, telemetry=TELEMETRY, expected=expected), summary_facts(table, expected=expected)
    )

    assert any(sentence.startswith("Validation loss of the one seed used is lowest at int") for sentence in sentences)
    assert "The one seed used is lowest at interval 2, the last so far." in sentences
    assert not any(words in sentence for sentence in sentences for words in ("Mean validation", "Every seed"))


def test_summary_of_one_interval_speaks_of_no_lowest(make_records):
    table = table_from_records(make_records({1: [3.0], 2: [4.0]}), telemetry=TELEMETRY)

    sentences = summarize(analyze_table(table, telemetry=TELEMETRY), summary_facts(table))

    assert sentences[0] == "Mean validation loss at the only interval, 0: 3.5000 nats per token."
    assert any(sentence.startswith("warning: val_loss, val_ppl: 1 level used") for sentence in sentences)


def test_summary_of_one_rising_seed_is_in_the_singular(make_records, losses):
    rising = {1: [3.0, 1.0, 2.0], 2: [3.0, 2.0, 1.0], 3: [3.1, 2.0, 1.2]}
    table = table_from_records(make_records(rising), telemetry=TELEMETRY)

    sentences = summarize(analyze_table(table, telemetry=TELEMETRY), summary_facts(table))

    assert "1 of 3 seeds ends above its minimum, which lies low" in sentences[1]
