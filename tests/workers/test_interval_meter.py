"""The meter means over the steps of one interval and counts seconds by the clock it is given."""

import pytest

from workers.interval_meter import IntervalMeter
from workers.trainer import StepResult


@pytest.fixture
def clock(make_clock):
    return make_clock()


def step_of(clock, *, seconds: float, loss: float = 1.0, grad_norm: float = 2.0, learning_rate: float = 0.1):
    def take_step() -> StepResult:
        clock.advance(seconds)
        return StepResult(loss=loss, grad_norm=grad_norm, learning_rate=learning_rate)

    return take_step


def test_before_a_step_nothing_is_known_but_the_time(clock):
    meter = IntervalMeter(clock, elapsed_s=0.0)

    assert meter.mean_loss is None
    assert meter.mean_grad_norm is None
    assert meter.steps_per_s is None
    assert meter.last_learning_rate is None
    assert meter.elapsed_s == 0.0


def test_means_are_over_the_steps(clock):
    meter = IntervalMeter(clock, elapsed_s=0.0)

    for loss, grad_norm in ((4.0, 1.0), (3.0, 2.0), (2.0, 6.0)):
        meter.time_step(step_of(clock, seconds=1.0, loss=loss, grad_norm=grad_norm))

    assert meter.mean_loss == 3.0
    assert meter.mean_grad_norm == 3.0


def test_steps_are_kept_in_their_order(clock):
    meter = IntervalMeter(clock, elapsed_s=0.0)
    assert (meter.steps.loss_nats.tolist(), meter.steps.grad_norm.tolist()) == ([], [])

    for loss, grad_norm in ((4.0, 1.0), (3.0, 2.0)):
        meter.time_step(step_of(clock, seconds=1.0, loss=loss, grad_norm=grad_norm))

    assert meter.steps.loss_nats.tolist() == [4.0, 3.0]
    assert meter.steps.grad_norm.tolist() == [1.0, 2.0]


def test_mean_is_rounded_once(clock):
    meter = IntervalMeter(clock, elapsed_s=0.0)

    for _ in range(10):
        meter.time_step(step_of(clock, seconds=1.0, loss=0.1))

    assert meter.mean_loss == 0.1  # adding 0.1 ten times one by one gives 0.9999999999999999


def test_rate_counts_training_time_only(clock):
    meter = IntervalMeter(clock, elapsed_s=0.0)

    meter.time_step(step_of(clock, seconds=0.5))
    clock.advance(100.0)
    meter.time_step(step_of(clock, seconds=1.5))

    assert meter.steps_per_s == 1.0


def test_rate_is_undefined_while_the_clock_stands_still(clock):
    meter = IntervalMeter(clock, elapsed_s=0.0)

    meter.time_step(step_of(clock, seconds=0.0))

    assert meter.steps_per_s is None


def test_elapsed_time_counts_everything_since_the_start(clock):
    meter = IntervalMeter(clock, elapsed_s=0.0)

    meter.time_step(step_of(clock, seconds=0.5))
    clock.advance(100.0)

    assert meter.elapsed_s == 100.5


def test_elapsed_time_goes_on_from_the_attempt_before(clock):
    meter = IntervalMeter(clock, elapsed_s=40.0)

    clock.advance(2.0)

    assert meter.elapsed_s == 42.0


def test_new_interval_forgets_the_steps_but_not_the_time(clock):
    meter = IntervalMeter(clock, elapsed_s=0.0)
    meter.time_step(step_of(clock, seconds=0.5, loss=9.0))

    meter.begin_interval()
    assert meter.mean_loss is None
    assert meter.steps.loss_nats.size == 0
    meter.time_step(step_of(clock, seconds=0.25, loss=1.0))

    assert meter.mean_loss == 1.0
    assert meter.steps_per_s == 4.0
    assert meter.elapsed_s == 0.75


def test_rate_of_the_last_step_is_kept(clock):
    meter = IntervalMeter(clock, elapsed_s=0.0)

    meter.time_step(step_of(clock, seconds=1.0, learning_rate=0.1))
    meter.time_step(step_of(clock, seconds=1.0, learning_rate=0.2))

    assert meter.last_learning_rate == 0.2


def test_result_of_the_step_is_handed_on(clock):
    meter = IntervalMeter(clock, elapsed_s=0.0)

    step = meter.time_step(step_of(clock, seconds=1.0, loss=7.0))

    assert step == StepResult(loss=7.0, grad_norm=2.0, learning_rate=0.1)
