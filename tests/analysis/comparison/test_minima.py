"""Each seed's minimum is the lowest of its own experiment, and what a longer one owes to its length is said."""

import numpy as np
import pytest
from scipy import stats

from analysis.comparison.compare import compare_sides
from analysis.comparison.markdown import comparison_to_markdown
from analysis.comparison.sentences import summarize_comparison

# Two levels shared beyond the initial state, two more of the longer side, which alone holds the true minima.
SHORT = [[4.0, 3.0, 2.5], [4.1, 3.2, 2.6], [4.2, 2.9, 3.1]]
LONG = [[4.0, 3.1, 2.8, 2.0, 2.2], [4.1, 3.0, 2.7, 2.4, 2.1], [4.2, 3.3, 2.9, 2.3, 2.5]]


def minima_of(sides):
    return compare_sides(sides)["metrics"]["val_loss"]["minima"][0]


def text_of(sides):
    return " ".join(summarize_comparison(compare_sides(sides)))


def test_longer_side_keeps_its_true_minima(make_side):
    minima = minima_of([make_side("short", SHORT), make_side("long", LONG)])

    # [2.0, 2.1, 2.3] against [2.5, 2.6, 2.9]
    expected = stats.ttest_rel([2.0, 2.1, 2.3], [2.5, 2.6, 2.9])
    assert minima["own"]["value"]["p"] == pytest.approx(expected.pvalue)
    assert minima["own"]["value"]["mean_difference"] == pytest.approx(-1.6 / 3)


def test_minima_within_the_shared_levels_stand_under_their_own_name(make_side):
    minima = minima_of([make_side("short", SHORT), make_side("long", LONG)])

    # [2.8, 2.7, 2.9] against [2.5, 2.6, 2.9]
    assert minima["shared"]["value"]["mean_difference"] == pytest.approx(0.4 / 3)
    assert minima["shared"]["place"]["mean_difference"] == pytest.approx(1000 / 3)
    assert minima["own"]["place"]["mean_difference"] == pytest.approx((1000 + 2000 + 2000) / 3)
    assert minima["has_same_levels"] is False


def test_longer_side_is_said_to_have_had_more_chances(make_side):
    text = text_of([make_side("short", SHORT), make_side("long", LONG)])

    assert (
        "short was measured at 3 levels up to interval 2 (2,000 tokens) and long at 5 levels up to interval 4 (4,000 "
        "tokens): long ran longer and was measured more often, and so had more chances of a low minimum." in text
    )
    assert "long minus short, each seed's minimum over all levels of its own side: −0.5333 nats per token" in text
    assert "long minus short, each seed's minimum within the shared levels: 0.1333 nats per token" in text


def test_finer_side_is_said_to_be_measured_more_often_and_not_longer(make_side, noisy):
    coarse, fine = noisy(1, num_levels=4), noisy(2, num_levels=7)
    text = text_of([make_side("coarse", coarse, every=2000), make_side("fine", fine, every=1000)])

    assert "fine was measured more often, and so had more chances of a low minimum" in text
    assert "ran longer" not in text


def test_length_and_number_of_levels_may_favour_different_sides(make_side, noisy):
    far, fine = make_side("far", noisy(1, num_levels=6), every=2000), make_side("fine", noisy(2), every=1000)

    assert "far ran longer and fine was measured more often, each of which makes a low minimum likelier." in text_of(
        [far, fine]
    )


def test_sides_with_the_same_levels_have_one_minimum(make_side, noisy):
    sides = [make_side("one", noisy(1)), make_side("other", noisy(2))]
    minima, text = minima_of(sides), text_of(sides)

    assert minima["has_same_levels"] is True
    assert minima["own"] == minima["shared"]
    assert "other minus one, each seed's minimum: " in text
    assert "of its own side" not in text


def test_seed_with_a_gap_beyond_the_shared_levels_has_no_minimum_of_its_own(make_side):
    holed = [list(row) for row in LONG]
    holed[1][4] = np.nan
    sides = [make_side("short", SHORT), make_side("long", holed)]
    minima = minima_of(sides)

    assert minima["own"]["seeds_b"] == [1, 3]
    assert minima["shared"]["seeds_b"] == [1, 2, 3]
    assert minima["own"]["value"]["mean_difference"] == pytest.approx((-0.5 - 0.6) / 2)
    assert "over all levels of its own side, of the seeds without a gap there (2 of long and 2 of short)" in text_of(
        sides
    )


def test_single_seed_without_a_gap_is_said_to_be_too_few(make_side):
    holed = [list(row) for row in LONG]
    holed[1][4] = holed[2][3] = np.nan

    assert (
        "each seed's minimum over all levels of its own side: no comparison, since a comparison needs at least 2 seeds "
        "without a gap on each side, and short has 1 at 3 levels, long has 1 at 5 levels."
        in text_of([make_side("short", SHORT), make_side("long", holed)])
    )


def test_minimum_at_the_last_level_is_said_to_be_perhaps_not_the_lowest(make_side):
    sides = [make_side("short", SHORT), make_side("long", LONG)]
    own = minima_of(sides)["own"]

    assert (own["num_last_a"], own["num_last_b"]) == (2, 1)
    assert (
        "long minus short: 2 of 3 seeds of short and 1 of 3 seeds of long are lowest at their last level, and may fall "
        "further beyond it." in text_of(sides)
    )


def test_minima_of_three_sides_share_one_error_rate(make_side, noisy):
    result = compare_sides([make_side(f"side{number}", noisy(number)) for number in range(3)])
    values = [minima["own"]["value"] for minima in result["metrics"]["val_loss"]["minima"]]

    # Holm by hand: the least p three times, the middle one at least that and twice, the largest once.
    low, middle, high = sorted(value["p"] for value in values)
    first = 3 * low
    second = max(first, 2 * middle)
    expected = [min(p, 1) for p in (first, second, max(second, high))]
    assert sorted(value["p_holm"] for value in values) == pytest.approx(expected)


def test_tables_name_both_minima(make_side):
    text = comparison_to_markdown(compare_sides([make_side("short", SHORT), make_side("long", LONG)]))

    assert "| minimum over all levels of its own side | −0.5333 |" in text
    assert "| minimum within the shared levels | 0.1333 |" in text
