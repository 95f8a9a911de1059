"""The same measurements on two sides are one piece of evidence, and are called that."""

import numpy as np

from analysis.comparison.compare import compare_sides
from analysis.comparison.sentences import summarize_comparison


def copied(sides):
    return [warning for warning in compare_sides(sides)["warnings"] if "bit for bit" in warning]


def test_continuation_is_called_one_piece_of_evidence(make_side, noisy):
    losses = noisy(1, num_seeds=3)

    assert copied([make_side("half", losses[:, :5]), make_side("whole", losses)]) == [
        "half and whole hold the same losses bit for bit for seeds 1, 2, 3, wherever both were measured: one replays "
        "the other or is its beginning, and there they are one piece of evidence, not two"
    ]


def test_copy_is_found_where_levels_meet_at_their_tokens(make_side, noisy):
    losses = noisy(1, num_seeds=3, num_levels=9)

    assert len(copied([make_side("fine", losses), make_side("coarse", losses[:, ::2], every=2000)])) == 1


def test_sides_of_as_many_levels_that_lie_elsewhere_are_copies_only_where_both_were_measured(make_side, noisy):
    losses = noisy(1, num_seeds=3, num_levels=9)
    fine, long = make_side("fine", losses[:, :5]), make_side("long", losses[:, ::2], every=2000)

    assert ["wherever both were measured" in warning for warning in copied([fine, long])] == [True]


def test_single_seed_that_is_a_copy_is_named(make_side, noisy):
    one, other = noisy(1), noisy(2)
    other[2] = one[2]

    warnings = copied([make_side("one", one), make_side("other", other)])
    assert ["for seed 3, wherever both were measured" in warning for warning in warnings] == [True]


def test_same_initial_state_alone_is_no_copy(make_side, noisy):
    one, other = noisy(1), noisy(2)
    other[:, 0] = one[:, 0]

    assert copied([make_side("one", one), make_side("other", other)]) == []


def test_gap_does_not_hide_a_copy(make_side, noisy):
    one = noisy(1)
    other = one.copy()
    other[:, 3] = np.nan

    assert len(copied([make_side("one", one), make_side("other", other)])) == 1


def test_difference_of_copies_is_said_to_be_zero_without_interval(make_side, noisy):
    text = " ".join(summarize_comparison(compare_sides([make_side("one", noisy(1)), make_side("again", noisy(1))])))

    assert (
        "again minus one, paired by 6 seeds: 0 for every seed at each of the 8 shared levels, so that nothing varies "
        "and there is neither an interval nor a test." in text
    )
    assert "excludes zero" not in text
    assert "whether the difference changes" not in text
