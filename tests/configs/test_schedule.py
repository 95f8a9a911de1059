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
