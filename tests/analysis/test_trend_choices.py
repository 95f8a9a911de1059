"""Choices by length-normalised log-probability, and how accuracy grows, against values by hand and by SciPy."""

import numpy as np
import pytest
from scipy import stats

from analysis.t_interval import mean_interval
from analysis.trends.choices import ChoiceTable, chosen_correctly, option_perplexity, task_accuracy
from analysis.trends.emergence import growth, rank_correlation, size_slope
from analysis.undefined import Undefined

TABLE = ChoiceTable(
    item=np.array([0, 0, 1, 1, 1]),
    is_correct=np.array([True, False, False, False, True]),
    num_tokens=np.array([2, 1, 1, 1, 3]),
    task=("pronoun", "place"),
)


def test_options_are_compared_per_token():
    # Per token: -1.5 against -2, and -1, -3, -2/3: both are right, although both correct sums are not the largest.
    assert chosen_correctly(np.array([-3.0, -2.0, -1.0, -3.0, -2.0]), table=TABLE).tolist() == [True, True]
    assert chosen_correctly(np.array([-5.0, -2.0, -1.0, -3.0, -4.0]), table=TABLE).tolist() == [False, False]


def test_a_tie_goes_to_the_first_option():
    assert chosen_correctly(np.array([-2.0, -1.0, -1.0, -1.0, -3.0]), table=TABLE).tolist() == [True, False]


def test_accuracy_has_the_exact_interval_and_the_chance_of_its_items():
    every, pronoun, place = task_accuracy(np.array([True, False]), table=TABLE)

    assert (every.num_correct, every.num_items, every.chance) == (1, 2, pytest.approx((1 / 2 + 1 / 3) / 2))
    assert (pronoun.accuracy, place.accuracy, pronoun.chance, place.chance) == (1, 0, 1 / 2, 1 / 3)
    # R: binom.test(1, 2)$conf.int
    assert (every.ci95_low, every.ci95_high) == pytest.approx((0.01257912, 0.98742088))


def test_option_perplexity_weighs_tokens():
    log_probabilities = np.array([-3.0, -2.0, -1.0, -3.0, -2.0])

    assert option_perplexity(log_probabilities, table=TABLE, is_correct=True) == pytest.approx(np.exp(5 / 5))
    assert option_perplexity(log_probabilities, table=TABLE, is_correct=False) == pytest.approx(np.exp(6 / 3))


def test_an_even_rise_is_as_linear_as_it_has_steps():
    even = growth(np.array([0.1, 0.2, 0.3, 0.4]))

    assert (even.linearity, even.breakthroughness) == (pytest.approx(3), pytest.approx(3))
    falling = growth(np.array([0.4, 0.3, 0.2, 0.1]))
    assert falling.linearity == pytest.approx(-3)


def test_a_jump_is_a_breakthrough():
    # z^2 = .0001, .0001, .09: mean .0300667, median .0001; I = .32.
    jump = growth(np.array([0.1, 0.11, 0.12, 0.42]))

    assert jump.linearity == pytest.approx(0.32 / np.sqrt(0.0902 / 3))
    assert jump.breakthroughness == pytest.approx(32)
    assert growth(np.array([0.0, 0.0, 0.0, 1.0])).breakthroughness == Undefined(
        "the median of the squared steps is zero"
    )


def test_growth_that_is_not_there_is_undefined():
    assert growth(np.array([0.3])) == Undefined("1 size; growth needs 2")
    assert growth(np.array([0.3, 0.3])).linearity == Undefined("the mean of the squared steps is zero")


def test_rank_correlation_takes_seeds_as_its_units():
    rng = np.random.default_rng(1)
    losses = [np.sort(rng.uniform(2, 6, 30))[::-1] for _ in range(4)]
    scores = [np.round(0.8 - 0.05 * loss + rng.normal(0, 0.05, 30), 2) for loss in losses]

    found = rank_correlation(scores, losses=losses)

    expected = [stats.spearmanr(score, loss).statistic for score, loss in zip(scores, losses, strict=True)]
    assert found.per_seed == pytest.approx(expected)
    of_z = mean_interval(np.arctanh(expected))
    assert found.interval.mean == pytest.approx(np.tanh(of_z.mean))
    assert (found.interval.ci95_low, found.interval.ci95_high) == pytest.approx(
        (np.tanh(of_z.ci95_low), np.tanh(of_z.ci95_high))
    )


def test_perfect_ranks_have_no_interval():
    found = rank_correlation([np.arange(4.0), np.arange(4.0)], losses=[np.arange(4.0), -np.arange(4.0)])

    assert found.per_seed == (pytest.approx(1), pytest.approx(-1))
    assert isinstance(found.interval.ci95_low, Undefined)


def test_a_constant_score_has_no_rank_correlation():
    found = rank_correlation([np.full(5, 0.5)], losses=[np.arange(5.0)])

    assert found.per_seed == (Undefined("all checkpoints have the same value"),)
    assert found.interval.n == 0
    assert found.interval.mean == Undefined("no seed has a rho: all checkpoints have the same value")


def test_slope_over_size_is_nats_per_e_fold():
    sizes = np.exp([10.0, 11.0, 12.0])

    slope = size_slope(np.array([[5.0, 4.0, 3.0], [5.0, 4.5, 4.0]]), num_parameters=sizes)

    assert slope.mean == pytest.approx(-0.75)
    one_size = size_slope(np.array([[5.0, 4.0]]), num_parameters=np.array([100.0, 100.0]))
    assert one_size == Undefined("1 size; a slope over sizes needs 2")
