"""Agreement on the same tokens, against other programs and against chance."""

import numpy as np
import pytest
from statsmodels.stats.inter_rater import aggregate_raters, cohens_kappa
from statsmodels.stats.inter_rater import fleiss_kappa as statsmodels_fleiss

from analysis.t_interval import mean_interval
from analysis.trends.agreement import cohen_kappa, cross_agreement, fleiss_kappa, seed_agreement
from analysis.trends.rules import TrendClass
from analysis.trends.which_tokens import kind_shares
from analysis.undefined import Undefined


def runs(num_seeds, *, keep, seed=0, num_tokens=6_000):
    """Every seed keeps the token's common class with probability `keep` and draws another at random else."""
    rng = np.random.default_rng(seed)
    common = rng.choice(4, size=num_tokens, p=[0.1, 0.1, 0.5, 0.3])
    drawn = rng.choice(4, size=(num_seeds, num_tokens), p=[0.1, 0.1, 0.5, 0.3])
    return np.where(rng.random((num_seeds, num_tokens)) < keep, common, drawn).astype(np.int8)


def test_kappas_are_those_of_statsmodels():
    classes = runs(5, keep=0.6)
    table = np.array([[np.sum((classes[0] == a) & (classes[1] == b)) for b in range(4)] for a in range(4)])

    assert fleiss_kappa(classes) == pytest.approx(statsmodels_fleiss(aggregate_raters(classes.T)[0]))
    assert cohen_kappa(classes[0], classes[1]) == pytest.approx(cohens_kappa(table).kappa)


def test_agreement_by_chance_is_kappa_zero_and_full_agreement_is_one():
    chance, full = seed_agreement(runs(4, keep=0)), seed_agreement(runs(4, keep=1))

    assert chance.kappa_low < 0.02
    assert chance.fleiss_kappa == pytest.approx(0, abs=0.015)
    # What two seeds share of the same class by chance: .1^2 + .1^2 + .5^2 + .3^2 = .36.
    assert chance.pair_agreement == pytest.approx(0.36, abs=0.01)
    assert chance.near_unanimous == pytest.approx(chance.near_unanimous_by_chance, abs=0.015)
    assert (full.fleiss_kappa, full.kappa_low, full.kappa_high, full.near_unanimous) == (1, 1, 1, 1)


def test_all_but_one_by_chance_is_counted_by_hand():
    # Shares of the third class .5 in each of three seeds, of the first .5: P(2 or 3 alike) = 1 for two classes.
    classes = np.array([[0, 0, 2, 2], [0, 2, 0, 2], [0, 2, 2, 0]], dtype=np.int8)

    assert seed_agreement(classes).near_unanimous == 1
    assert seed_agreement(classes).near_unanimous_by_chance == pytest.approx(1)


def test_one_class_for_all_tokens_has_no_kappa():
    assert fleiss_kappa(np.zeros((3, 10), dtype=np.int8)) == Undefined("every token is in one class")
    assert seed_agreement(np.zeros((1, 10), dtype=np.int8)) == Undefined("1 seed; agreement needs 2")


def test_sizes_are_compared_seed_by_seed():
    small, large = runs(4, keep=0.8, seed=1)[:3], runs(4, keep=0.8, seed=1)[1:]

    cross = cross_agreement(small, large, seeds=(1, 2, 3), other_seeds=(2, 3, 9))

    # Seeds 2 and 3 are the same rows of one array in both.
    assert cross.same_seed == mean_interval(np.array([1.0, 1.0]))
    assert 0.5 < cross.all_pairs < 0.9


def test_kinds_are_counted_by_seed():
    classes = np.array([[1, 1, 0, 3], [1, 2, 0, 3]], dtype=np.int8)
    kinds = {"frequency": np.array(["rare", "rare", "common", "common"])}

    rows = {(row.kind, row.trend): row for row in kind_shares(classes, kinds=kinds)}

    upward_and_rare = rows["rare", TrendClass.UPWARD.label]
    assert upward_and_rare.num_tokens == 2
    assert upward_and_rare.share == mean_interval(np.array([1.0, 0.5]))
    assert upward_and_rare.share_of_all == 3 / 8
    assert rows["common", "stagnated"].share.mean == 0.5
