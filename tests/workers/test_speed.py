"""The timed trial tells tokens over the median time of its counted steps."""

import pytest

from workers.speed import timed_steps, trial_step
from workers.usage import peak_memory_bytes

pytestmark = pytest.mark.usefixtures("one_thread")


@pytest.fixture
def rate_of(tiny_experiment, make_clock, tmp_path):
    """A function from a placement to the rate of its trial, of 32 tokens a step."""

    def rate(*overrides, tick_s, **options):
        step = trial_step(tiny_experiment(*overrides), cache_dir=tmp_path)
        return timed_steps(step, tokens_per_step=32, clock=make_clock(tick_s=tick_s), **options)

    return rate


@pytest.mark.parametrize("stack_runs", [1, 3])
def test_rate_is_tokens_of_a_step_over_its_seconds(rate_of, stack_runs):
    # Two looks at the clock a step, 4 s apart.
    rate = rate_of(f"placement.stack_runs={stack_runs}", tick_s=4.0, warm_up_steps=1, trial_s=1_000.0, most_steps=15)

    assert rate == 8.0


def test_at_least_one_step_is_counted(rate_of):
    assert rate_of(tick_s=2.0, warm_up_steps=0, trial_s=0.0, most_steps=0) == 16.0


def test_peak_memory_is_that_of_a_process_with_torch():
    # Torch alone takes more than 50 MB, and no test takes 100 GB.
    peak = peak_memory_bytes()

    assert peak is None or 50e6 < peak < 100e9
