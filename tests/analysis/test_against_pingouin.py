"""Our algebra and pingouin agree wherever pingouin is right."""

import warnings

import numpy as np
import pandas as pd
import pingouin
import pytest

from analysis import Pairs
from analysis.grid import Grid
from analysis.pairwise import compare_pairs
from analysis.rm_anova import RmAnova, rm_anova
from analysis.sums_of_squares import split_sums_of_squares
from analysis.undefined import Undefined


@pytest.fixture(params=[(3, 5), (5, 4), (12, 3), (20, 25)])
def values(request):
    rng = np.random.default_rng(request.param)
    num_seeds, num_levels = request.param
    walk = rng.normal(0, 0.3, (num_seeds, num_levels)).cumsum(axis=1)
    return walk + rng.normal(0, 2, (num_seeds, 1)) + np.linspace(1, 0, num_levels)


@pytest.fixture
def long(values):
    table = pd.DataFrame(values).rename_axis("seed").reset_index()
    return table.melt(id_vars="seed", var_name="level", value_name="value").astype({"level": int})


@pytest.fixture
def theirs(long):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return pingouin.rm_anova(
            data=long, dv="value", within="level", subject="seed", correction=True, detailed=True, effsize="ng2"
        )


def test_anova(values, theirs):
    ours = rm_anova(values)

    assert isinstance(ours, RmAnova)
    assert pytest.approx(theirs.loc[0, "F"]) == ours.F
    assert [ours.df_effect, ours.df_error] == theirs["DF"].tolist()
    assert ours.ges == pytest.approx(theirs.loc[0, "ng2"])
    assert ours.epsilon.gg == pytest.approx(theirs.loc[0, "eps"])
    assert ours.p.uncorrected == pytest.approx(theirs.loc[0, "p_unc"])
    assert ours.p.gg == pytest.approx(theirs.loc[0, "p_GG_corr"])


def test_our_sums_of_squares_give_the_same_f(values, theirs):
    sums = split_sums_of_squares(values)
    d, v = values.shape[1] - 1, values.shape[0] - 1

    assert (sums.effect / d) / (sums.error / (d * v)) == pytest.approx(theirs.loc[0, "F"])
    assert [sums.effect, sums.error] == pytest.approx(theirs["SS"].tolist())


def test_huynh_feldt(values, long):
    ours = rm_anova(values)

    assert isinstance(ours, RmAnova)
    theirs = pingouin.epsilon(long, dv="value", within="level", subject="seed", correction="hf")
    assert ours.epsilon.hf == pytest.approx(theirs)


def test_mauchly_where_it_exists(values, long):
    ours = rm_anova(values)

    assert isinstance(ours, RmAnova)
    if isinstance(ours.mauchly, Undefined):
        assert values.shape[0] < values.shape[1]
    else:
        theirs = pingouin.sphericity(long, dv="value", within="level", subject="seed")
        assert (ours.mauchly.W, ours.mauchly.chi2) == pytest.approx((theirs.W, theirs.chi2))
        assert ours.mauchly.df == theirs.dof


def test_pairs(values, long):
    grid = Grid(values=values, subjects=tuple(range(len(values))), levels=tuple(range(values.shape[1])))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        theirs = pingouin.pairwise_tests(data=long, dv="value", within="level", subject="seed", padjust="holm")

    ours = compare_pairs(grid, pairs=Pairs.ALL)

    assert [(row.a, row.b) for row in ours] == list(zip(theirs["A"], theirs["B"], strict=True))
    assert [row.t for row in ours] == pytest.approx(theirs["T"].tolist())
    assert [row.p for row in ours] == pytest.approx(theirs["p_unc"].tolist())
    if len(ours) > 1:
        assert [row.p_holm for row in ours] == pytest.approx(theirs["p_corr"].tolist())
