"""Derived numbers of a snapshot, computed by hand beside each test."""

from datetime import datetime

import pytest

from orchestrator.run_state import RunState

NOW = datetime(2025, 3, 4, 14, 30)


def test_best_is_the_first_lowest_finite_validation_loss(make_run):
    run = make_run(val_losses=(3.0, float("nan"), 2.5, 2.5, 2.6))

    assert (run.best_interval, run.best_val_loss) == (2, 2.5)


def test_best_is_undefined_before_the_first_interval(make_waiting):
    run = make_waiting(101)

    assert (run.best_interval, run.best_val_loss) == (None, None)


def test_remaining_time_of_a_run_is_its_tokens_over_its_speed(make_run):
    run = make_run(tokens=4_000, total_tokens=10_000, tokens_per_s=50.0)

    assert run.remaining_s == 120.0  # (10,000 - 4,000) / 50


@pytest.mark.parametrize("speed", [None, 0.0, float("nan"), float("inf"), -1.0])
def test_remaining_time_is_unknown_without_a_speed(make_run, speed):
    assert make_run(tokens_per_s=speed).remaining_s is None


@pytest.mark.parametrize("state", [RunState.WAITING, RunState.STARTING, RunState.FAILED, RunState.STOPPED])
def test_a_run_that_does_not_train_has_no_remaining_time(make_run, state):
    assert make_run(state=state).remaining_s is None


def test_done_fraction_is_over_the_tokens_of_all_runs(make_run, make_waiting, make_snapshot):
    runs = (make_run(tokens=5_000, total_tokens=10_000), make_run(202, tokens=0, total_tokens=30_000))

    assert make_snapshot(*runs).done_fraction == 0.125  # 5,000 / 40,000


def test_done_fraction_of_an_empty_experiment_is_zero(make_snapshot):
    assert make_snapshot().done_fraction == 0.0


def test_waiting_runs_queue_on_the_slot_that_is_free_first(make_run, make_waiting, make_snapshot):
    going = (
        make_run(1, tokens=0, total_tokens=1_000, tokens_per_s=10.0),  # ends at 100 s
        make_run(2, tokens=0, total_tokens=1_000, tokens_per_s=20.0),  # ends at 50 s
    )
    waiting = tuple(
        make_run(seed, state=RunState.WAITING, tokens=0, total_tokens=1_500, tokens_per_s=None) for seed in (3, 4)
    )

    # At the mean of 15 tokens/s each waiting run takes 100 s: 50 to 150 s, and 100 to 200 s.
    assert make_snapshot(*going, *waiting, num_slots=2).remaining_s == pytest.approx(200.0)


def test_waiting_runs_are_given_the_speed_of_their_own_condition(make_run, make_snapshot):
    runs = (
        make_run(1, condition="small", tokens=0, total_tokens=1_000, tokens_per_s=100.0),  # 10 s
        make_run(1, condition="large", tokens=0, total_tokens=1_000, tokens_per_s=10.0),  # 100 s
        make_run(2, condition="small", state=RunState.WAITING, tokens=0, total_tokens=1_000, tokens_per_s=None),
    )

    assert make_snapshot(*runs, num_slots=2).remaining_s == pytest.approx(100.0)  # the third ends at 20 s


def test_speed_of_completed_runs_serves_while_none_trains(make_completed, make_run, make_snapshot):
    completed = make_completed(1)
    starting = make_run(2, state=RunState.STARTING, tokens=0, total_tokens=60_124, tokens_per_s=None)

    assert make_snapshot(completed, starting).remaining_s == pytest.approx(10.0)  # 60,124 / 6,012.4


def test_remaining_time_is_unknown_before_any_speed(make_waiting, make_snapshot):
    snapshot = make_snapshot(make_waiting(101))

    assert snapshot.remaining_s is None
    assert snapshot.expected_end(NOW) is None


def test_failed_and_stopped_runs_are_not_waited_for(make_run, make_snapshot):
    runs = (make_run(1, state=RunState.FAILED), make_run(2, state=RunState.STOPPED))

    assert make_snapshot(*runs).remaining_s == 0.0


def test_expected_end_is_now_plus_the_remaining_time(make_run, make_snapshot):
    snapshot = make_snapshot(make_run(tokens=0, total_tokens=6_000, tokens_per_s=1.0))

    assert snapshot.expected_end(NOW) == datetime(2025, 3, 4, 16, 10)  # 6,000 s are 1 h 40 min


def test_expected_end_past_the_calendar_is_unknown(make_run, make_snapshot):
    snapshot = make_snapshot(make_run(tokens=0, total_tokens=10**15, tokens_per_s=0.001))

    assert snapshot.expected_end(NOW) is None


def test_states_are_counted_in_the_order_of_a_run_s_life(make_run, make_waiting, make_completed, make_snapshot):
    snapshot = make_snapshot(make_completed(1), make_run(2), make_waiting(3), make_waiting(4))

    assert list(snapshot.state_counts.items()) == [
        (RunState.WAITING, 2),
        (RunState.TRAINING, 1),
        (RunState.COMPLETED, 1),
    ]
