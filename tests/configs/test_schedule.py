"""Intervals end at the first step at or past their target."""

import pytest

from configs.load import load_experiment
from configs.schedule import ScheduleConfig


@pytest.fixture
def published():
    return load_experiment("published-study").schedule


def test_published_intervals_end_at_the_published_steps(published):
    # published-study.md section 4
    expected = [0, 489, 977, 1465, 1954, 2442, 2930, 3418, 3907, 4395, 4883]
    expected += [5372, 5860, 6348, 6836, 7325, 7813, 8301, 8790, 9278, 9766]

    assert [published.end_step(interval) for interval in range(published.num_intervals)] == expected


def test_published_intervals_end_at_the_published_tokens(published):
    # published-study.md section 4
    expected = [
        *(0, 1_001_472, 2_000_896, 3_000_320, 4_001_792, 5_001_216, 6_000_640, 7_000_064, 8_001_536, 9_000_960),
        *(10_000_384, 11_001_856, 12_001_280, 13_000_704, 14_000_128, 15_001_600, 16_001_024, 17_000_448),
        *(18_001_920, 19_001_344, 20_000_768),
    ]

    tokens = [published.end_step(interval) * published.tokens_per_step for interval in range(published.num_intervals)]

    assert tokens == expected


def test_published_run_stops_past_its_budget(published):
    # published-study.md section 3: 9,766 steps; the first multiple of 2,048 at or past 20,000,000
    assert (published.num_intervals, published.num_steps, published.num_tokens) == (21, 9_766, 20_000_768)


def test_targets_are_multiples_of_the_interval(published):
    assert [published.target_tokens(interval) for interval in (0, 1, 20)] == [0, 1_000_000, 20_000_000]


@pytest.mark.parametrize("tokens_per_step", [1, 7, 64, 99, 100])
def test_no_two_intervals_end_at_the_same_step(tokens_per_step):
    schedule = ScheduleConfig(budget_tokens=1_000, every_tokens=100, tokens_per_step=tokens_per_step)

    ends = [schedule.end_step(interval) for interval in range(schedule.num_intervals)]

    assert ends == sorted(set(ends))
    for interval, end in enumerate(ends[1:], start=1):
        assert (end - 1) * tokens_per_step < schedule.target_tokens(interval) <= end * tokens_per_step


@pytest.mark.parametrize(
    ("tokens_per_step", "every_tokens", "expected"),
    [
        # Powers of two below the first even step of 489; then the published steps.
        (2_048, 1_000_000, [0, 1, 2, 4, 8, 16, 32, 64, 128, 256, 489, 977, 1_465]),
        # The first even step is itself a power of two, and stands once.
        (100, 800, [0, 1, 2, 4, 8, 16, 24]),
        (100, 850, [0, 1, 2, 4, 8, 9, 17, 26]),
        (100, 200, [0, 1, 2, 4, 6]),
        # Nothing fits before the first even step.
        (100, 100, [0, 1, 2, 3]),
    ],
)
def test_log_spacing_doubles_the_steps_up_to_the_first_even_interval(tokens_per_step, every_tokens, expected):
    num_even = sum(step * tokens_per_step >= every_tokens for step in expected)
    schedule = ScheduleConfig(
        budget_tokens=num_even * every_tokens,
        every_tokens=every_tokens,
        tokens_per_step=tokens_per_step,
        spacing="log",
    )

    assert [schedule.end_step(interval) for interval in range(schedule.num_intervals)] == expected
    assert schedule.num_steps == expected[-1]


@pytest.mark.parametrize("tokens_per_step", [1, 7, 64, 99, 100])
def test_log_spacing_adds_intervals_and_moves_none(tokens_per_step):
    values = {"budget_tokens": 1_000, "every_tokens": 100, "tokens_per_step": tokens_per_step}
    even, log = ScheduleConfig(**values), ScheduleConfig(**values, spacing="log")

    ends = [log.end_step(interval) for interval in range(log.num_intervals)]

    assert ends == sorted(set(ends))
    assert {even.end_step(interval) for interval in range(even.num_intervals)} <= set(ends)
    assert log.num_tokens == even.num_tokens
    for interval, end in enumerate(ends[1:], start=1):
        assert (end - 1) * tokens_per_step < log.target_tokens(interval) <= end * tokens_per_step
