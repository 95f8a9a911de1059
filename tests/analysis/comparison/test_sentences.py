"""The text of a comparison says what is true, in good grammar and in the style of the report."""

import re
from dataclasses import replace

import numpy as np
import pytest

from analysis.comparison.compare import compare_sides
from analysis.comparison.markdown import comparison_to_markdown
from analysis.comparison.sentences import summarize_comparison


def text_of(*sides):
    return " ".join(summarize_comparison(compare_sides(sides)))


def test_levels_without_interval_are_not_said_to_exclude_nothing(make_side, noisy):
    losses = noisy(1)
    text = text_of(make_side("one", losses), make_side("shifted", losses + 0.5))

    assert "shifted minus one: no interval exists at any of the 8 shared levels, since no difference varies." in text
    assert "excludes zero" not in text


def test_level_at_which_nothing_varies_is_named(make_side, noisy):
    one, other = noisy(1), noisy(2)
    other[:, 0] = one[:, 0]

    assert "none exists at interval 0 (0 tokens), where the difference is 0 for every seed" in text_of(
        make_side("one", one), make_side("other", other)
    )


def test_single_seed_is_one_seed(make_side, noisy):
    text = text_of(make_side("a", noisy(1)[:1]), make_side("b", noisy(2)[:1]))

    assert (
        "b minus a: no comparison, since a has 1 complete seed and b has 1 at the levels that they share, and each "
        "needs at least 2." in text
    )


def test_three_seeds_are_described_without_a_p_which_the_json_keeps(make_side, noisy):
    result = compare_sides([make_side("one", noisy(1)[:3]), make_side("other", noisy(2)[:3])])
    text = " ".join(summarize_comparison(result))
    tables = comparison_to_markdown(result)

    assert "; no p: 3 seeds are only described)" in text
    assert re.search(r"change from level to level: F\(7, 14\) = [\d.]+; no p: 3 seeds are only described\.", text)
    assert "There is no p: 3 seeds are only described; compare.json holds the tests." in tables
    assert not re.search(r"\bp(_GG)? [=<]|floor", text)
    assert not re.search(r"\| (< )?\.\d{3} \|", tables)
    assert 0 < result["metrics"]["val_loss"]["comparisons"][0]["final"]["p"] <= 1


def test_four_seeds_are_tested(make_side, noisy):
    text = text_of(make_side("one", noisy(1)[:4]), make_side("other", noisy(2)[:4]))

    assert re.search(r"exact (sign-flip )?p (=|>) \.\d+, floor \.125", text)


def test_single_level_is_one_level(make_side, noisy):
    side = make_side("a", noisy(1, num_levels=2))
    last = side.rows[side.rows["interval"] == 1]
    sides = [replace(side, name=name, rows=last) for name in ("a", "a2")]
    result = compare_sides(sides)
    text = " ".join(summarize_comparison(result)) + comparison_to_markdown(result)

    assert "0 for every seed at the one shared level" in text
    assert not re.search(r"\b1 (levels|seeds|intervals)\b", text)


def test_seeds_left_out_for_one_reason_are_named_together(make_side, noisy):
    text = text_of(make_side("one", noisy(1)), make_side("other", noisy(2)[:4]))

    assert "seeds 5, 6 of one are left out: other has no complete seed of this number." in text


def test_unfinished_side_is_warned_of(make_side, noisy):
    text = text_of(make_side("one", noisy(1), state="completed"), make_side("cut", noisy(2), state="stopped"))

    assert "warning: cut is unfinished: 0 of 6 runs completed, and what has not been measured is missing here." in text
    assert "one is unfinished" not in text


def test_tables_name_the_sides_and_no_letters(make_side, noisy):
    text = comparison_to_markdown(compare_sides([make_side("one", noisy(1)), make_side("other", noisy(2))]))

    assert "Differences are other minus one in nats per token, paired by seeds 1, 2, 3, 4, 5, 6: each seed is" in text
    assert not re.search(r"\bb (-|−|minus) a\b", text)


def test_tables_write_numbers_as_the_report_does(make_side):
    rng = np.random.default_rng(3)
    one = 4 + rng.normal(0, 0.001, (8, 4))
    text = comparison_to_markdown(
        compare_sides([make_side("one", one), make_side("far", one + 1 + rng.normal(0, 0.001, (8, 4)))])
    )

    assert "\\< .001" in text
    assert not re.search(r"\d[eE][-−+]?\d|\+-|\| 0\.0\d\d? \|", text)
    assert "| 1 | 1,000 |" in text


@pytest.mark.parametrize(("every", "said"), [(1000, "interval"), (1500, "number of tokens")])
def test_first_sentence_names_what_levels_are(make_side, noisy, every, said):
    assert text_of(make_side("one", noisy(1)), make_side("other", noisy(2), every=every)).startswith(
        f"Compared at every {said} that they share: one (6 complete seeds), other (6 complete seeds); "
    )


def test_tables_without_targets_meet_at_their_tokens(make_side, noisy):
    sides = [
        replace(side, rows=side.rows.drop(columns="target_tokens"))
        for side in (make_side("one", noisy(1)), make_side("other", noisy(2), every=2000))
    ]

    assert compare_sides(sides)["metrics"]["val_loss"]["comparisons"][0]["levels"] == [0, 2000, 4000, 6000]
