"""Token trends of several seeds and sizes, from made trajectories to tables."""

import io
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from analysis.trends.between_sizes import compare_at_equal_loss
from analysis.trends.class_curves import class_curves
from analysis.trends.class_tables import share_table, token_classes_parquet
from analysis.trends.rules import TrendClass, TrendRule
from analysis.trends.token_trends import find_token_trends
from analysis.trends.trajectories import TokenTrajectories
from analysis.undefined import Undefined

STEPS = np.array([0, *range(100, 2_100, 100)])
NUM_TOKENS = 600
FALLS, RISES, STAYS = slice(0, 300), slice(300, 400), slice(400, 600)


def made(condition, *, speed=1.0, num_seeds=3, noise=0.01):
    """Half of the tokens fall, a sixth rise, a third stay; a larger `speed` gets everywhere earlier."""
    rng = np.random.default_rng([len(condition), num_seeds])
    progress = np.sqrt(speed * STEPS / STEPS[-1])
    losses = np.full((num_seeds, NUM_TOKENS, len(STEPS)), 4.0)
    losses[:, FALLS] -= 3 * progress
    losses[:, RISES] += 1 * progress
    losses += rng.normal(0, noise, losses.shape)
    return TokenTrajectories(
        condition=condition,
        seeds=tuple(range(101, 101 + num_seeds)),
        intervals=tuple(range(len(STEPS))),
        steps=STEPS,
        tokens=STEPS * 1_024,
        losses=losses.astype(np.float32),
        num_parameters=int(1e6 * speed),
    )


@pytest.fixture(scope="module")
def conditions():
    return (made("small", speed=0.8), made("large", speed=1.2))


@pytest.fixture(scope="module")
def trends(conditions):
    return find_token_trends(conditions, starts=(0.1, 0.95))


@pytest.mark.parametrize("rule", list(TrendRule))
def test_made_trends_are_found_in_every_seed(trends, rule):
    classes = trends.finding("small", rule=rule, start_fraction=0.1).classes

    assert (classes[:, FALLS] == TrendClass.DOWNWARD).all()
    assert (classes[:, RISES] == TrendClass.UPWARD).all()
    # White noise around a constant: about 95 % stagnate, the rest are trends by chance.
    assert (classes[:, STAYS] == TrendClass.STAGNATED).mean() > 0.9


def test_a_start_with_too_few_checkpoints_left_is_undefined_and_empty_in_the_table(trends, conditions):
    finding = trends.finding("small", rule=TrendRule.PAPER_INDEX, start_fraction=0.95)
    table = share_table(trends.findings, conditions=conditions)

    assert isinstance(finding.shares, Undefined)
    late = table[table["start_fraction"] == 0.95]
    assert late["share"].isna().all()
    assert late["num_tokens"].isna().all()
    early = table[table["start_fraction"] == 0.1]
    # 2 conditions x 3 seeds x 3 rules x 4 classes
    assert len(early) == len(late) == 72
    assert early.groupby(["condition", "seed", "rule"])["share"].sum().to_numpy() == pytest.approx(np.ones(18))
    assert (early.groupby(["condition", "seed", "rule"])["num_tokens"].sum() == NUM_TOKENS).all()


def test_every_token_is_in_the_parquet_file(trends, conditions):
    table = pd.read_parquet(io.BytesIO(token_classes_parquet(trends.findings, conditions=conditions)))

    assert list(table) == ["condition", "seed", "rule", "start_fraction", "position", "class"]
    assert len(table) == 2 * 3 * 3 * NUM_TOKENS
    one = table.query("condition == 'large' and seed == 102 and rule == 'loss-index'")
    expected = trends.finding("large", rule=TrendRule.LOSS_INDEX, start_fraction=0.1).classes[1]
    assert one["position"].tolist() == list(range(NUM_TOKENS))
    assert one["class"].tolist() == [TrendClass(code).label for code in expected]


def test_sizes_agree_at_equal_time_and_at_equal_loss(trends):
    (by_time,) = (one for one in trends.at_equal_time if one.rule is TrendRule.PAPER_INDEX)
    (by_loss,) = (one for one in trends.at_equal_loss if one.rule is TrendRule.PAPER_INDEX)

    assert (by_time.a, by_time.b) == (by_loss.a, by_loss.b) == ("small", "large")
    assert by_time.agreement.same_seed.mean > 0.9
    assert len(by_loss.levels.losses) >= 5
    assert by_loss.agreement.same_seed.mean > 0.8
    assert by_loss.agreement.same_seed.n == 3


def test_a_token_that_moves_with_time_but_not_with_loss_changes_its_class(conditions):
    small, large = conditions
    # These tokens fall at the end of the small one's training, where the mean loss stands still.
    losses = small.losses.copy()
    late = np.clip(STEPS - 1_000, 0, None) / 1_000
    losses[:, STAYS] -= 2.0 * late
    losses[:, FALLS] += 2.0 * late * 200 / 300
    one = compare_at_equal_loss(replace(small, losses=losses), large, rule=TrendRule.LOSS_INDEX, start=2)

    assert one.agreement.same_seed.mean < 0.9


def test_the_code_s_rule_has_no_meaning_over_losses(conditions):
    with pytest.raises(ValueError, match="code-logstep is a rule over steps"):
        compare_at_equal_loss(*conditions, rule=TrendRule.CODE_LOGSTEP, start=2)


def test_chosen_tokens_are_followed_in_another_seed(conditions, trends):
    classes = {
        one.condition: trends.finding(one.condition, rule=TrendRule.PAPER_INDEX, start_fraction=0.1).classes
        for one in conditions
    }

    curves = class_curves(conditions, classes=classes)

    assert not curves["is_own_run"].any()
    rising = curves.query("chosen_by == 'small' and chosen_by_seed == 101 and `class` == 'upward' and seed == 102")
    last = rising.query("condition == 'large' and interval == 20").iloc[0]
    is_chosen = classes["small"][0] == TrendClass.UPWARD
    assert last["mean_loss_nats"] == pytest.approx(conditions[1].losses[1, is_chosen, 20].mean(), rel=1e-6)
    assert last["all_tokens_loss_nats"] == pytest.approx(conditions[1].losses[1, :, 20].mean(), rel=1e-6)
    # Four classes x 3 choosing seeds x 2 choosing x 2 followed conditions x 21 checkpoints.
    assert len(curves) == 4 * 3 * 2 * 2 * 21


def test_noise_chosen_for_rising_does_not_rise_where_it_was_not_chosen():
    # Walks without any direction: in the run that chose them upward tokens rise by the choice alone.
    rng = np.random.default_rng(1)
    walks = 4 + rng.normal(0, 0.1, (2, 3_000, len(STEPS))).cumsum(axis=2)
    one = replace(made("walks", num_seeds=2), losses=walks.astype(np.float32))
    classes = find_token_trends([one], rules=[TrendRule.LOSS_INDEX], starts=[0.1]).findings[0].classes

    curves = class_curves([one], classes={"walks": classes}).query("`class` == 'upward'")

    rises = curves.groupby("chosen_by_seed")["mean_loss_nats"].agg(lambda losses: losses.iloc[-1] - losses.iloc[2])
    chosen_rise = (walks[0, classes[0] == TrendClass.UPWARD, -1] - walks[0, classes[0] == TrendClass.UPWARD, 2]).mean()
    assert chosen_rise > 0.3
    assert rises.abs().max() < 0.1


def test_a_single_seed_is_followed_in_itself_and_says_so():
    one = made("alone", num_seeds=1)
    trends = find_token_trends([one], rules=[TrendRule.PAPER_INDEX], starts=[0.1])

    curves = class_curves([one], classes={"alone": trends.findings[0].classes})

    assert curves["is_own_run"].all()
    assert trends.findings[0].agreement == Undefined("1 seed; agreement needs 2")
    assert trends.descents[0].over_seeds == Undefined("1 seed; a test over seeds needs 3")


def test_trends_do_not_depend_on_the_order_of_seeds(conditions, trends):
    (small, _) = conditions
    turned = replace(small, seeds=small.seeds[::-1], losses=small.losses[::-1])

    again = find_token_trends([turned], rules=[TrendRule.PAPER_INDEX], starts=[0.1]).findings[0]

    before = trends.finding("small", rule=TrendRule.PAPER_INDEX, start_fraction=0.1)
    assert again.classes[::-1].tolist() == before.classes.tolist()
    assert again.agreement.fleiss_kappa == pytest.approx(before.agreement.fleiss_kappa)
    means = [[share.over_seeds.mean for share in one.shares] for one in (again, before)]
    assert means[0] == pytest.approx(means[1])
