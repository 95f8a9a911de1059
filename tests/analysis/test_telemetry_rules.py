"""Spikes, backslides and stable intervals by both families of rules."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from analysis.common_mode import CommonMode, common_mode
from analysis.grid import Grid
from analysis.rolling import deltas_of
from analysis.telemetry import summarize_telemetry
from analysis.telemetry_published import published_telemetry
from analysis.telemetry_robust import robust_telemetry
from analysis.undefined import Undefined
from analysis.window_trap import check_window_trap, largest_possible_z
from configs.telemetry import TelemetryConfig

NAN = float("nan")
PUBLISHED = TelemetryConfig()
# Falls steadily, jumps at level 6, falls again.
JUMP = np.array([[5.0, 4.5, 4.1, 3.7, 3.4, 3.1, 4.6, 4.3, 4.1]])


def grid_of(losses):
    values = np.asarray(losses, dtype=float)
    return Grid(values=values, subjects=tuple(range(len(values))), levels=tuple(range(values.shape[1])))


def summary_of(losses):
    return summarize_telemetry(grid_of(losses), axis=Undefined("no axis"), telemetry=PUBLISHED)


def robust_of(losses, errors, telemetry=PUBLISHED):
    return robust_telemetry(deltas_of(losses), standard_errors=errors, telemetry=telemetry)


def test_published_rule_misses_what_the_previous_deltas_show():
    published = published_telemetry(JUMP, telemetry=PUBLISHED)
    robust = robust_of(JUMP, np.full(JUMP.shape, NAN))

    assert np.nansum(published.spike) == 0
    assert np.flatnonzero(robust.spike[0] == 1).tolist() == [6]


def test_spike_against_previous_deltas_needs_two_of_them():
    robust = robust_of(JUMP, np.full(JUMP.shape, NAN))

    assert np.isnan(robust.spike[0]).tolist() == [True, True, True] + [False] * 6


def test_first_delta_is_judged_by_the_least_rise_alone():
    rising = np.array([[1.0, 1.02, 1.0]])
    level = np.array([[1.0, 1.01 - 1e-9, 1.0]])

    assert published_telemetry(rising, telemetry=PUBLISHED).spike[0, 1] == 1
    assert published_telemetry(level, telemetry=PUBLISHED).spike[0, 1] == 0


def test_wide_enough_window_can_fire():
    losses = np.concatenate([np.linspace(3, 2, 12), [3.5]])[None]
    telemetry = TelemetryConfig(window=12)
    published = published_telemetry(losses, telemetry=telemetry)

    assert published.spike[0, -1] == 1
    assert check_window_trap(published.delta, telemetry=telemetry).can_fire


@pytest.mark.parametrize(
    ("window", "z", "can_fire"), [(5, 2.0, False), (5, 1.99, True), (6, 2.0, True), (10, 3.0, False)]
)
def test_window_trap_is_the_root_of_window_minus_one(window, z, can_fire):
    telemetry = TelemetryConfig(window=window, spike_z_threshold=z)
    trap = check_window_trap(np.full((1, 30), NAN), telemetry=telemetry)

    assert trap.can_fire is can_fire
    assert trap.max_possible_z == (window - 1) ** 0.5
    assert isinstance(trap.largest_z, Undefined)


def test_window_longer_than_the_trajectory_counts_for_as_many_deltas_as_there_are():
    # 4 deltas: sqrt(3) = 1.73 is the most, whatever the window.
    trap = check_window_trap(np.full((1, 5), NAN), telemetry=TelemetryConfig(window=12, spike_z_threshold=2.0))

    assert not trap.can_fire
    assert trap.max_possible_z == 3**0.5


@pytest.mark.parametrize(
    ("num_values", "ddof", "bound"),
    # statistics reference: w = 5: 1.79 (sample SD) / 2.0 (population SD); w = 10: 2.85 / 3.0
    [(5, 1, 1.79), (5, 0, 2.0), (10, 1, 2.85), (10, 0, 3.0)],
)
def test_largest_possible_z(num_values, ddof, bound):
    assert round(largest_possible_z(num_values, ddof=ddof), 2) == bound


@pytest.mark.parametrize("ddof", [0, 1])
def test_largest_possible_z_is_reached_when_all_others_are_equal(ddof):
    values = np.array([1.0, 1.0, 1.0, 1.0, 9.0])

    assert largest_possible_z(5, ddof=ddof) == pytest.approx((9 - values.mean()) / values.std(ddof=ddof))


@given(arrays(np.float64, (1, 9), elements=st.floats(-100, 100, allow_subnormal=False)))
def test_no_delta_lies_further_out_than_the_bound(delta):
    trap = check_window_trap(delta, telemetry=PUBLISHED)

    if not isinstance(trap.largest_z, Undefined):
        assert trap.largest_z <= 2 + 1e-6


def test_backslide_within_noise_is_none():
    losses = np.array([[3.0, 3.1, 3.2, 3.1]])
    errors = np.array([[NAN, 0.04, 0.06, 0.04]])

    robust = robust_of(losses, errors)

    assert robust.backslide[0, 1:].tolist() == [1, 0, 0]  # .1 > .08, .1 < .12
    assert published_telemetry(losses, telemetry=PUBLISHED).backslide[0, 1:].tolist() == [1, 1, 0]


def test_backslide_without_standard_error_is_undefined():
    robust = robust_of(np.array([[3.0, 3.1, 3.2]]), np.array([[NAN, NAN, 0.01]]))

    assert np.isnan(robust.backslide[0]).tolist() == [True, True, False]


def test_without_token_losses_noise_is_a_status():
    summary = summary_of(JUMP)

    assert isinstance(summary.robust.backslides, Undefined)
    assert isinstance(summary.robust.median_standard_error, Undefined)
    assert summary.robust.spikes.text == "1 of 6 deltas with at least 2 before them"


def test_counts_have_denominators_that_leave_gaps_out():
    losses = [[3.0, 2.0, 2.5, 2.4], [3.0, 2.0, NAN, 2.4]]
    summary = summary_of(losses)

    assert summary.num_deltas == 4
    assert summary.published.backslides.text == "1 of 4 deltas"
    assert [row.n for row in summary.between_seeds] == [2, 2, 1, 2]
    assert isinstance(summary.between_seeds[2].sd, Undefined)


def test_stable_interval_is_found_where_there_is_one():
    falling = np.concatenate([[8.0, 4.0, 3.0, 2.5], 2.4 - 0.01 * np.arange(12)])[None]
    summary = summary_of(falling)

    assert summary.published.stable_phase.candidates.count > 0
    assert summary.published.stable_phase.rule.can_fire


def test_infinite_loss_is_a_gap():
    summary = summary_of([[3.0, np.inf, 2.0, 1.9]])

    assert summary.num_deltas == 1
    assert summary.best[0].level == 3


def test_seed_without_values_has_no_best_level():
    summary = summary_of([[3.0, 2.0], [NAN, NAN]])

    assert [row.seed for row in summary.best] == [0]


def test_seeds_that_move_together_share_all_variance():
    wiggles = np.array([0.0, 1.0, -1.0, 2.0, 0.0, 1.0])
    common = common_mode(grid_of([wiggles, wiggles + 3, wiggles - 2]), window=2)

    assert isinstance(common, CommonMode)
    assert common.mean_correlation == pytest.approx(1)
    assert common.common_variance_share == pytest.approx(1)
    assert (common.after_level, common.num_deltas) == (2, 3)


def test_short_trajectories_have_no_common_mode():
    assert isinstance(common_mode(grid_of(np.zeros((3, 4))), window=5), Undefined)


def test_rule_whose_conditions_meet_nowhere_names_the_two_that_exclude_each_other():
    # Calm only while it rises: each delta after the first drop is the same small rise.
    rising = np.concatenate([[8.0, 4.0], 4.0 + 0.01 * np.arange(1, 12)])[None]
    rule = summary_of(rising).published.stable_phase.rule

    assert not rule.can_fire
    assert "contradicts itself" in rule.why
    assert "at most 1 backslide in 5 intervals in 2 cells, all at levels 1 to 2" in rule.why


def test_condition_that_is_always_met_is_said():
    falling = np.concatenate([[8.0, 4.0, 3.0, 2.5], 2.4 - 0.01 * np.arange(12)])[None]
    telemetry = TelemetryConfig(stable_backslide_frequency_max=5, stable_spike_rate_max=1.0)
    summary = summarize_telemetry(grid_of(falling), axis=Undefined("no axis"), telemetry=telemetry)

    assert "cannot hold more than 5 backslides" in summary.published.stable_phase.rule.why
    assert "no spike rate is above 1" in summary.published.stable_phase.rule.why
