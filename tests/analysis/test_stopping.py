"""When training should have stopped, and what a rule would have cost, by hand."""

import numpy as np
import pytest

from analysis.axis import LevelPositions
from analysis.grid import Grid
from analysis.stopping import summarize_stopping
from analysis.undefined import Undefined
from configs.telemetry import TelemetryConfig

NAN = float("nan")
NO_ENERGY = Undefined("the energy was not measured")
# Seed 1 dips, rises twice and falls to its minimum at 5M; seed 2 is lowest at 2M.
LOSSES = [[4.0, 3.0, 3.1, 3.2, 2.9, 2.5, 2.6], [4.0, 3.0, 2.0, 2.5, 3.0, 3.5, 4.0]]


def stopping_of(losses=LOSSES, *, joules=NO_ENERGY, name="tokens", positions=None, **telemetry):
    values = np.asarray(losses, dtype=float)
    grid = Grid(values=values, subjects=tuple(range(1, len(values) + 1)), levels=tuple(range(values.shape[1])))
    places = np.arange(values.shape[1]) * 1e6 if positions is None else np.asarray(positions)
    return summarize_stopping(
        grid, axis=LevelPositions(name, places), joules=joules, telemetry=TelemetryConfig(**telemetry)
    )


def rule_of(stopping, text):
    return next(rule for rule in stopping.rules if text in rule.rule)


def test_minimum_and_what_came_after():
    stopping = stopping_of()

    assert [(seed.minimum_level, seed.to_minimum, seed.after_minimum) for seed in stopping.per_seed] == [
        (5, 5e6, 1e6),
        (2, 2e6, 4e6),
    ]
    assert [seed.share_after_minimum for seed in stopping.per_seed] == pytest.approx([1 / 6, 4 / 6])
    assert stopping.after_minimum.mean == 2.5e6
    assert [seed.final_minus_minimum for seed in stopping.per_seed] == pytest.approx([0.1, 2.0])


def test_marginal_gain_is_the_fall_over_the_tokens_in_millions():
    gains = stopping_of(positions=[0, 1e6, 2e6, 4e6, 5e6, 6e6, 7e6]).marginal_gain

    assert [row.unit for row in gains] == ["nats per million tokens"] * 6
    assert gains[2].gain.mean == pytest.approx((-0.1 / 2 - 0.5 / 2) / 2)


def test_other_axis_is_priced_in_its_own_unit():
    gains = stopping_of(name="step", positions=[0, 10, 20, 30, 40, 50, 60]).marginal_gain

    assert gains[0].unit == "nats per unit of step"
    assert gains[0].gain.mean == pytest.approx(0.1)


def test_impatience_costs_the_later_minimum():
    replay = rule_of(stopping_of(patience_intervals=(2,)), "no new minimum for 2 intervals")
    first, second = replay.per_seed

    # Seed 1 stops at 3M with the checkpoint of 1M: 3.0 against 2.5 at 5M and 2.6 at the end.
    assert (first.stopped_at, first.kept_level, first.saved) == (3, 1, 3e6)
    assert (first.nats_lost, first.nats_against_end) == pytest.approx((0.5, 0.4))
    # Seed 2 stops at 4M with its minimum, and avoids the rise.
    assert (second.stopped_at, second.kept_level, second.saved) == (4, 2, 2e6)
    assert (second.nats_lost, second.nats_against_end) == pytest.approx((0.0, -2.0))
    assert replay.nats_lost.mean == pytest.approx(0.25)
    assert (replay.num_stopped, replay.num_seeds) == (2, 2)


def test_more_patience_waits_for_it():
    replay = rule_of(stopping_of(patience_intervals=(4,)), "for 4 intervals")

    assert isinstance(replay.per_seed[0].stopped_at, Undefined)
    assert (replay.per_seed[0].nats_lost, replay.per_seed[0].saved) == (0, 0)
    assert replay.per_seed[1].stopped_at == 6
    assert replay.num_stopped == 1


def test_new_minimum_must_be_lower_by_the_declared_margin():
    stopping = stopping_of([[3.0, 2.99, 2.98, 2.97]], patience_intervals=(2,), patience_min_delta_nats=0.05)

    replay = rule_of(stopping, "by more than 0.05 nats for 2 intervals")
    # 2.97 is not lower than 3.0 by more than .05 either, so that training stops at level 2 and keeps the lowest there.
    assert (replay.per_seed[0].stopped_at, replay.per_seed[0].kept_level) == (2, 2)


def test_small_falls_add_up_to_a_new_minimum():
    stopping = stopping_of([[3.0, 2.97, 2.94, 2.91, 2.88]], patience_intervals=(2,), patience_min_delta_nats=0.05)

    assert rule_of(stopping, "no new minimum").num_stopped == 0


def test_prechelts_rules():
    stopping = stopping_of(generalization_loss_percent=5.0, successive_rises=3)

    # 3.2 / 3.0 is 6.7 % above; 2.5 / 2.0 is 25 % above.
    assert [seed.stopped_at for seed in rule_of(stopping, "5 %").per_seed] == [3, 3]
    up = rule_of(stopping, "3 rises in a row")
    assert isinstance(up.per_seed[0].stopped_at, Undefined)
    assert up.per_seed[1].stopped_at == 5


def test_rule_that_needs_more_intervals_than_there_are_is_said_to_be_silent():
    replay = rule_of(stopping_of(patience_intervals=(7,)), "for 7 intervals")

    assert not replay.can_fire
    assert replay.why == "it takes 7 intervals to fire, and there are 6"
    assert replay.num_stopped == 0


def test_energy_is_counted_after_the_minimum_and_after_the_stop():
    joules = np.array([[NAN, 10, 10, 10, 10, 10, 30], [NAN, 20, 20, 20, 20, 20, 20]])
    stopping = stopping_of(joules=joules, patience_intervals=(2,))

    assert stopping.joules_after_minimum.mean == (30 + 80) / 2
    replay = rule_of(stopping, "for 2 intervals")
    assert [seed.joules_saved for seed in replay.per_seed] == [50, 40]
    assert stopping.marginal_gain[0].gain_per_joule.mean == pytest.approx((1 / 10 + 1 / 20) / 2)


def test_interval_without_measured_energy_has_no_gain_per_joule():
    joules = np.array([[NAN, 10, NAN, 10, 10, 10, 30], [NAN, 20, 20, 20, 20, 20, 20]])
    stopping = stopping_of(joules=joules)

    assert isinstance(stopping.marginal_gain[1].gain_per_joule, Undefined)
    assert not isinstance(stopping.marginal_gain[0].gain_per_joule, Undefined)


def test_seed_with_a_gap_is_left_out_by_name():
    stopping = stopping_of([[4.0, 3.0, NAN], [4.0, 3.0, 2.0]])

    assert stopping.left_out == (1,)
    assert [seed.seed for seed in stopping.per_seed] == [2]


def test_nothing_complete_is_undefined():
    assert isinstance(stopping_of([[4.0, NAN, NAN]]), Undefined)
    assert isinstance(stopping_of([[4.0]]), Undefined)


def test_axis_that_begins_below_zero_keeps_its_shares_between_zero_and_one():
    stopping = stopping_of([[3.0, 2.0, 2.5]], name="x", positions=[-3.0, -2.0, -1.0])

    assert stopping.per_seed[0].share_after_minimum == 0.5
