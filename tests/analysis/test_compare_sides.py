"""Two experiments side by side: what differs, whether that is fair, and by how much."""

import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from analysis.comparison.compare import compare_sides
from analysis.comparison.markdown import comparison_to_markdown
from analysis.comparison.sentences import summarize_comparison
from analysis.comparison.side import Side
from analysis.json_text import statistics_to_json
from configs.errors import ConfigurationError, TableError

SEEDS = (101, 202, 303, 404, 505, 606)
EVERY = 1000

CONFIG = {
    "name": "one",
    "seed_controls": ["initialization", "data_order"],
    "shared_seed": 0,
    "model": {"width": 64, "context_length": 128},
    "corpus": {"order": "shuffled"},
    "schedule": {"budget_tokens": 7000, "tokens_per_step": 500},
    "evaluation": {"tokens": 2048, "offset": 0},
}
MANIFEST = {
    "versions": {"torch": "2.13.0"},
    "git_commit": None,
    "threads_per_run": 1,
    "hardware": {"cpu_model": "a"},
    "corpus": {"fingerprint": "c0", "tokenizer_sha256": "t0", "unique_tokens": 500},
    "runs": [
        {"condition": "base", "seed": seed, "initial_weights_sha256": f"w{seed}", "data_order_sha256": f"o{seed}"}
        for seed in SEEDS
    ],
}


def losses_of(seed: int, *, shift: float = 0.0, num_seeds: int = 6, num_levels: int = 8) -> np.ndarray:
    """Falls to level 4 and rises; seeds differ by an offset that both sides share."""
    rng = np.random.default_rng(seed)
    offsets = np.random.default_rng(99).normal(0, 0.5, num_seeds)[:, None]
    shape = 4 - 0.3 * np.arange(num_levels) + 0.05 * np.arange(num_levels) ** 2
    return shape + shift + offsets + rng.normal(0, 0.02, (num_seeds, num_levels))


def frame_of(losses, *, seeds=SEEDS, every=EVERY) -> pd.DataFrame:
    return pd.DataFrame(
        [
            {
                "condition": "base",
                "seed": seed,
                "interval": interval,
                "target_tokens": every * interval,
                "tokens": every * interval,
                "passes": every * interval / 500,
                "val_loss": loss,
                "train_loss": loss - 0.1 if interval else np.nan,
            }
            for seed, row in zip(seeds, losses, strict=True)
            for interval, loss in enumerate(row)
        ]
    )


def side_of(name, losses, *, seeds=SEEDS, every=EVERY, config=CONFIG, manifest=MANIFEST, evaluation="e0") -> Side:
    return Side(name, f"runs/{name}", "base", frame_of(losses, seeds=seeds, every=every), config, manifest, evaluation)


ONE, OTHER = losses_of(1), losses_of(2, shift=0.03)


@pytest.fixture
def sides() -> list[Side]:
    return [side_of("one", ONE), side_of("other", OTHER)]


def comparison_of(sides, metric="val_loss"):
    return compare_sides(sides)["metrics"][metric]["comparisons"][0]


def test_shared_seeds_are_paired(sides):
    final = comparison_of(sides)["final"]

    expected = stats.ttest_rel(OTHER[:, -1], ONE[:, -1])
    assert comparison_of(sides)["pairing"] == "paired"
    assert (final["t"], final["p"]) == pytest.approx((expected.statistic, expected.pvalue))
    assert final["mean_difference"] == pytest.approx(np.mean(OTHER[:, -1] - ONE[:, -1]))


def test_other_seeds_are_compared_by_welch(sides):
    comparison = comparison_of([sides[0], side_of("other", OTHER, seeds=(1, 2, 3, 4, 5, 6))])

    expected = stats.ttest_ind(OTHER[:, -1], ONE[:, -1], equal_var=False)
    assert comparison["pairing"] == "unpaired"
    assert comparison["final"]["p"] == pytest.approx(expected.pvalue)
    assert "Welch" in comparison["note"]


def test_minimum_of_each_seed_is_compared_wherever_it_is(sides):
    minimum = compare_sides(sides)["metrics"]["val_loss"]["minima"][0]["own"]["value"]

    assert minimum["p"] == pytest.approx(stats.ttest_rel(OTHER.min(axis=1), ONE.min(axis=1)).pvalue)


def test_minimum_that_comes_later_is_told_in_tokens():
    early, late = (
        np.array([[4.0, 3.0, 3.5, 4.0, 4.5], [4.0, 3.0, 3.1, 3.3, 3.5]]),
        np.array([[4, 3, 2.5, 2, 2.1]] * 2),
    )
    result = compare_sides([side_of("early", early, seeds=(1, 2)), side_of("late", late, seeds=(1, 2))])

    minima = result["metrics"]["val_loss"]["minima"][0]
    assert (minima["a"], minima["b"], minima["unit"]) == ("early", "late", "tokens")
    assert minima["own"]["place"]["mean_difference"] == 2000
    assert "; it comes 2,000 tokens later for every seed." in " ".join(summarize_comparison(result))


def test_intervals_of_other_lengths_meet_at_their_tokens(sides):
    twice_as_fine = side_of("fine", np.repeat(OTHER, 2, axis=1)[:, :15], every=EVERY // 2)
    result = compare_sides([sides[0], twice_as_fine])

    assert result["levels"]["within"] == "target_tokens"
    comparison = result["metrics"]["val_loss"]["comparisons"][0]
    assert comparison["levels"] == [EVERY * level for level in range(8)]
    assert comparison["final"]["p"] == pytest.approx(stats.ttest_rel(OTHER[:, -1], ONE[:, -1]).pvalue)


def test_intervals_that_never_meet_are_refused(sides):
    with pytest.raises(TableError, match="runs/one, runs/odd share no target_tokens beyond the initial state"):
        compare_sides([sides[0], side_of("odd", OTHER, every=1_300_000)])


def test_shorter_experiment_is_compared_as_far_as_it_goes(sides):
    comparison = comparison_of([sides[0], side_of("short", OTHER[:, :5])])

    assert comparison["levels"] == [0, 1, 2, 3, 4]
    assert {(item["condition"], item["id"]) for item in comparison["left_out"]} == {
        ("one", "5"),
        ("one", "6"),
        ("one", "7"),
    }


def test_train_loss_is_compared_where_both_have_it(sides):
    assert comparison_of(sides, "train_loss")["levels"] == list(range(1, 8))
    without = replace(sides[1], rows=sides[1].rows.drop(columns="train_loss"))
    assert set(compare_sides([sides[0], without])["metrics"]) == {"val_loss"}


def test_three_sides_are_compared_two_by_two(sides):
    result = compare_sides([*sides, side_of("third", losses_of(3))])

    pairs = [(each["a"], each["b"]) for each in result["metrics"]["val_loss"]["comparisons"]]
    assert pairs == [("one", "other"), ("one", "third"), ("other", "third")]


def test_fields_that_differ_are_listed_with_both_values(sides):
    wider = CONFIG | {"name": "two", "model": {"width": 128, "context_length": 128}}
    newer = MANIFEST | {"versions": {"torch": "2.14.0"}, "hardware": {"cpu_model": "b"}}
    differs = compare_sides([sides[0], side_of("other", OTHER, config=wider, manifest=newer)])["differs"]

    assert differs["config"] == [{"field": "model.width", "values": {"one": 64, "other": 128}}]
    assert differs["versions"] == [{"field": "torch", "values": {"one": "2.13.0", "other": "2.14.0"}}]
    assert differs["hardware"] == [{"field": "cpu_model", "values": {"one": "a", "other": "b"}}]
    assert differs["corpus"] == []


def with_corpus(**changes):
    return MANIFEST | {"corpus": MANIFEST["corpus"] | changes}


def test_other_tokenizer_is_refused(sides):
    with pytest.raises(ConfigurationError, match="one and other have different tokenizers"):
        compare_sides([sides[0], side_of("other", OTHER, manifest=with_corpus(tokenizer_sha256="t1"))])


def test_other_evaluation_tokens_are_refused(sides):
    with pytest.raises(ConfigurationError, match="were evaluated on different tokens"):
        compare_sides([sides[0], side_of("other", OTHER, evaluation="e1")])


def test_other_slice_is_refused_where_the_tokens_are_not_at_hand():
    shifted = CONFIG | {"evaluation": {"tokens": 2048, "offset": 9001}}
    with pytest.raises(ConfigurationError, match="were evaluated on different tokens"):
        compare_sides([side_of("a", ONE, evaluation=None), side_of("b", OTHER, config=shifted, evaluation=None)])


def test_other_training_text_is_warned_of(sides):
    result = compare_sides([sides[0], side_of("other", OTHER, manifest=with_corpus(fingerprint="c1"))])

    assert any("different corpora, though the same evaluation tokens" in warning for warning in result["warnings"])


@pytest.mark.parametrize(
    ("config", "manifest", "said"),
    [
        ({"model": {"width": 64, "context_length": 64}}, {}, "different context lengths"),
        ({"seed_controls": ["data_order"]}, {}, "let their seeds control different things"),
        ({}, {"versions": {"torch": "2.14.0"}}, "different versions of torch"),
        ({}, {"threads_per_run": 2}, "different numbers of threads"),
        ({}, {"runs": [run | {"initial_weights_sha256": "x", "data_order_sha256": "y"} for run in MANIFEST["runs"]]},
         "neither initial weights nor data order"),
    ],
)  # fmt: skip
def test_what_a_difference_holds_besides_is_warned_of(sides, config, manifest, said):
    other = side_of("other", OTHER, config=CONFIG | config, manifest=MANIFEST | manifest)
    warnings = compare_sides([sides[0], other])["warnings"]

    assert [said in warning for warning in warnings] == [True]


def test_fair_comparison_has_no_warning(sides):
    assert compare_sides(sides)["warnings"] == []


def test_replay_is_called_one(sides):
    result = compare_sides([sides[0], side_of("again", ONE)])

    assert result["warnings"] == [
        "one and again hold the same losses bit for bit: one replays the other, and they are one piece of evidence, "
        "not two"
    ]


def test_bare_table_is_compared_with_a_warning(sides):
    bare = replace(sides[1], config=None, manifest=None, evaluation_sha256=None)
    result = compare_sides([sides[0], bare])

    assert [warning.startswith("other is a bare table") for warning in result["warnings"]] == [True]
    assert result["differs"]["config"] == []


def test_single_seed_has_no_comparison_and_the_reason():
    result = compare_sides([side_of("a", ONE[:1], seeds=(101,)), side_of("b", OTHER[:1], seeds=(101,))])

    assert any(
        "no comparison, since a has 1 complete seed and b has 1" in sentence
        for sentence in summarize_comparison(result)
    )
    assert "No comparison, since a has 1 complete seed and b has 1" in comparison_to_markdown(result)


def test_seed_with_a_gap_is_named(sides):
    holed = sides[1].rows.copy()
    holed.loc[(holed["seed"] == 303) & (holed["interval"] == 2), "val_loss"] = np.nan
    sentences = summarize_comparison(compare_sides([sides[0], replace(sides[1], rows=holed)]))

    assert any("seed 303 of other is left out" in sentence for sentence in sentences)


def test_sentences_tell_pairing_difference_and_place(sides):
    text = " ".join(summarize_comparison(compare_sides(sides)))

    assert "other minus one, paired by 6 seeds: " in text
    assert "at interval 7 (7,000 tokens)" in text
    assert "exact p = .031, floor .031" in text
    assert "change from level to level: F(7, 35) = " in text


def test_result_is_strict_json(sides):
    result = compare_sides([*sides, side_of("one-seed", ONE[:1], seeds=(101,))])

    def refuse(token):
        raise AssertionError(token)

    assert json.loads(statistics_to_json(result), parse_constant=refuse)["schema_version"] == 2


def test_names_cannot_break_a_table(sides):
    odd = replace(sides[1], name="a|b*<script>")
    text = comparison_to_markdown(compare_sides([sides[0], odd]))

    assert "<script>" not in text.replace("\\<script\\>", "")
    rows = [line for line in text.splitlines() if line.startswith("|")]
    widths = [line.replace("\\|", "").count("|") for line in rows]
    assert all(width in (7, 8, 10) for width in widths), widths
