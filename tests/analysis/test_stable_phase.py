"""A phase is stable when its slope is shown to be small, and not when nothing is shown."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.grid import Grid
from analysis.local_lines import fit_local_lines
from analysis.stable_phase import find_stable_phase
from analysis.undefined import Undefined
from configs.telemetry import TelemetryConfig

TELEMETRY = TelemetryConfig()
DOUBLINGS = np.arange(24) / 2  # two levels per doubling of the tokens


def phase_of(losses, *, telemetry=TELEMETRY, doublings=DOUBLINGS):
    losses = np.asarray(losses, dtype=float)
    grid = Grid(values=losses, subjects=tuple(range(len(losses))), levels=tuple(range(losses.shape[1])))
    places = np.asarray(doublings[: losses.shape[1]])
    lines = fit_local_lines(losses, positions=places, window=telemetry.slope_window)
    return find_stable_phase(grid, lines=lines, axis="tokens", telemetry=telemetry)


def noisy(mean, *, sd, num_seeds=6, seed=0):
    return np.asarray(mean) + np.random.default_rng(seed).normal(0, sd, (num_seeds, len(mean)))


def verdicts(phase):
    return [str(level.verdict) for level in phase.levels]


def test_flat_trajectory_is_stable_once_the_fall_has_left_the_window():
    falling_then_flat = np.concatenate([3 - np.arange(8) / 4, np.full(16, 1.25)])
    phase = phase_of(noisy(falling_then_flat, sd=0.005))

    assert phase.longest.to_level == 23
    assert 10 <= phase.longest.from_level <= 12
    assert phase.text.startswith(f"stable from the windows ending at {phase.longest.from_level} to 23")
    assert set(verdicts(phase)[4:8]) == {"changing"}


def test_steady_fall_is_changing_and_names_its_way():
    phase = phase_of(noisy(3 - np.arange(24) / 8, sd=0.005))

    assert set(verdicts(phase)[4:]) == {"changing"}
    assert "falls by more than 0.1 nats per doubling" in phase.levels[-1].why
    assert isinstance(phase.longest, Undefined)


def test_noise_that_hides_the_slope_is_no_stability():
    phase = phase_of(noisy(np.full(24, 2.0), sd=0.3))

    assert "stable" not in verdicts(phase)
    assert "undecided" in verdicts(phase)


def test_turning_point_is_not_stable_though_its_slope_is_small():
    # Falls and rises by a quarter nat per level: the line through the turn is flat, the points are not on it.
    turn = np.abs(np.arange(24) - 12) / 4
    phase = phase_of(noisy(turn, sd=0.005))

    assert phase.levels[14].verdict == "volatile"


def test_margin_that_no_interval_can_reach_is_proved_out_of_reach():
    telemetry = TelemetryConfig(stable_slope_nats=1e-4)
    phase = phase_of(noisy(np.full(24, 2.0), sd=0.05), telemetry=telemetry)

    assert not phase.rule.can_fire
    assert "even a slope of zero could not be shown to be small" in phase.rule.why


def test_single_seed_has_no_interval():
    phase = phase_of(np.full((1, 24), 2.0))

    assert not phase.rule.can_fire
    assert set(verdicts(phase)) == {"undefined"}


def test_seeds_that_are_one_replicate_show_nothing():
    flat = 2 + np.random.default_rng(8).normal(0, 0.001, 24)
    phase = phase_of([flat, flat, flat + 1])

    assert set(verdicts(phase)) == {"undefined"}
    assert "no independent replicates" in phase.levels[-1].why
    assert not phase.rule.can_fire


def test_too_few_levels_are_said():
    phase = phase_of(noisy(np.full(6, 2.0), sd=0.001))

    assert not phase.rule.can_fire
    assert "2 of 6 levels have an interval, and 3 in a row are asked for" in phase.rule.why


def test_run_shorter_than_asked_for_is_none():
    telemetry = TelemetryConfig(stable_intervals=30)
    phase = phase_of(noisy(np.full(24, 2.0), sd=0.001), telemetry=telemetry)

    assert isinstance(phase.longest, Undefined)
    assert phase.longest.reason == "the longest run of stable windows is 20, and 30 are asked for"


@given(st.integers(0, 10_000), st.floats(0.01, 0.5))
def test_interval_within_the_margin_is_two_one_sided_tests(seed, margin):
    # statsmodels: DescrStatsW(slopes).ttost_mean(-margin, margin), equivalence at p < .05
    from statsmodels.stats.weightstats import DescrStatsW

    losses = noisy(np.full(5, 2.0), sd=0.1, seed=seed)
    slopes = fit_local_lines(losses, positions=DOUBLINGS[:5], window=5).slope[:, 4]
    level = phase_of(losses, telemetry=TelemetryConfig(stable_slope_nats=margin, stable_volatility_nats=9)).levels[4]
    p = DescrStatsW(slopes).ttost_mean(-margin, margin)[0]

    assert (level.verdict == "stable") == (p < 0.05)


def test_one_window_is_called_stable_by_mistake_in_one_of_twenty_at_most():
    # The slope of every seed is the margin itself plus noise: the hardest case.
    rng = np.random.default_rng(4)
    num_stable = 0
    for _ in range(2_000):
        losses = 2 + 0.1 * DOUBLINGS[:5] + rng.normal(0, 0.02, (6, 5))
        level = phase_of(losses).levels[4]
        num_stable += level.verdict == "stable"

    assert num_stable / 2_000 == pytest.approx(0.05, abs=0.015)


def test_without_an_axis_there_is_no_slope():
    grid = Grid(values=np.ones((2, 3)), subjects=(1, 2), levels=("a", "b", "c"))
    why = Undefined("levels are no numbers")

    assert find_stable_phase(grid, lines=why, axis="", telemetry=TELEMETRY) == why
