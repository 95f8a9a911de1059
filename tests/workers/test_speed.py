"""The timed trial tells tokens over the median time of its counted steps."""

import pytest

from workers.passes import TorchPasses
from workers.speed import timed_steps
from workers.usage import peak_memory_bytes

pytestmark = pytest.mark.usefixtures("one_thread")


def test_rate_is_tokens_of_a_step_over_its_seconds(tiny_experiment, make_clock):
    # Two looks at the clock a step, 4 s apart; 32 tokens a step.
    rate = timed_steps(
        tiny_experiment(),
        passes=TorchPasses(),
        warm_up_steps=1,
        trial_s=1_000.0,
        most_steps=5,
        clock=make_clock(tick_s=4.0),
    )

    assert rate == 8.0


def test_at_least_one_step_is_counted(tiny_experiment, make_clock):
    rate = timed_steps(
        tiny_experiment(),
        passes=TorchPasses(),
        warm_up_steps=0,
        trial_s=0.0,
        most_steps=0,
        clock=make_clock(tick_s=2.0),
    )

    assert rate == 16.0


def test_peak_memory_is_that_of_a_process_with_torch():
    # Torch alone takes more than 50 MB, and no test takes 100 GB.
    peak = peak_memory_bytes()

    assert peak is None or 50e6 < peak < 100e9
