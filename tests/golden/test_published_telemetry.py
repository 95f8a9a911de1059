"""The telemetry of the published grid, against the figures printed there and recomputed from it."""

import numpy as np
import pytest

from analysis import analyze_frame
from analysis.grid import grid_from_frame
from analysis.telemetry_published import published_telemetry
from configs.telemetry import TelemetryConfig


@pytest.fixture(scope="module")
def telemetry(published):
    return analyze_frame(published)["telemetry"]


@pytest.fixture(scope="module")
def stopping(published):
    return analyze_frame(published)["stopping"]


@pytest.fixture(scope="module")
def measures(published):
    grid = grid_from_frame(published, subject="seed", within="interval", metric="val_loss")
    return published_telemetry(grid.values, telemetry=TelemetryConfig())


def test_backslides(telemetry):
    assert telemetry["published"]["backslides"]["text"] == "76 of 120 deltas"


def test_backslides_by_interval(measures):
    expected = [0, 0, 0, 0, 3, 6, 3, 6, 6, 5, 6, 6, 5, 6, 6, 1, 5, 6, 0, 6]  # published-study.md section 6

    assert measures.backslide[:, 1:].sum(axis=0).tolist() == expected


def test_mean_volatility_by_interval(measures):
    # published-study.md section 6
    expected = {2: 2.8520, 3: 2.4745, 5: 1.9997, 6: 0.2785, 12: 0.0671, 20: 0.0554}

    assert {level: round(measures.rolling_volatility[:, level].mean(), 4) for level in expected} == expected


def test_mean_backslide_frequency_by_interval(measures):
    expected = {5: 0.50, 6: 1.50, 10: 4.33, 12: 4.83, 20: 3.00}  # published-study.md section 6

    assert {level: round(measures.backslide_frequency[:, level].mean(), 2) for level in expected} == expected


def test_published_spike_rule_cannot_fire(telemetry):
    rule = telemetry["published"]["spike_rule"]

    assert telemetry["published"]["spikes"]["text"] == "0 of 120 deltas"
    assert rule["can_fire"] is False
    assert rule["max_possible_z"] == 2.0
    assert rule["largest_z"] == pytest.approx(1.68, abs=5e-3)


def test_spikes_against_previous_deltas(telemetry):
    spikes = telemetry["robust"]["spikes"]

    assert spikes["count"] == 3
    assert [(cell["seed"], cell["level"]) for cell in spikes["cells"]] == [(202, 8), (303, 9), (606, 8)]


def test_stable_phase_never_coincides(telemetry):
    stable = telemetry["published"]["stable_phase"]

    assert stable["candidates"]["count"] == 0
    assert stable["volatility_cutoff"] == pytest.approx(0.06396, abs=5e-6)
    assert stable["num_below_cutoff"] == 29
    assert stable["num_below_cutoff_and_frequency_ok"] == 0


def test_published_rules_are_proved_to_show_nothing(telemetry):
    stable = telemetry["published"]["stable_phase"]["rule"]

    # published-study.md section 7: cells below the cutoff lie at idx >= 9, a frequency of 1 at idx <= 7
    assert stable["can_fire"] is False
    assert "in 29 cells, all at levels 9 to 20" in stable["why"]
    assert "at levels 1 to 7, and no cell has both" in stable["why"]


def test_plateau_of_noise_would_backslide_ten_times_in_twenty(telemetry):
    null = telemetry["published"]["backslides_of_noise"]

    assert (null["expected_per_seed"], null["expected"]) == (10, 60)
    assert null["sd_per_seed"] == pytest.approx(1.4, abs=0.05)


def test_no_window_of_the_published_trajectory_is_stable(telemetry):
    phase = telemetry["robust"]["stable_phase"]

    assert "undefined" in phase["longest"]
    assert phase["rule"]["can_fire"] is True
    verdicts = {level["level"]: level["verdict"] for level in phase["levels"]}
    assert verdicts[7] == "volatile"  # the turning point: a flat line far from its points
    assert {verdicts[level] for level in range(8, 21)} == {"changing"}


def test_impatience_would_have_cost_nothing(stopping):
    # Every seed is lowest at interval 4 or 5 and never again: stopping one interval later keeps the minimum.
    patience = stopping["rules"][0]

    assert patience["rule"] == "no new minimum for 1 interval"
    assert [seed["stopped_at"] for seed in patience["per_seed"]] == [6, 5, 6, 5, 5, 6]
    assert patience["nats_lost"]["mean"] == 0
    assert patience["nats_against_end"]["mean"] == pytest.approx(-1.1026, abs=5e-5)  # statistics.md section 5
    assert [seed["minimum_level"] for seed in stopping["per_seed"]] == [5, 4, 5, 4, 4, 5]


def test_cells_below_the_cutoff_come_late(measures):
    below = np.argwhere(measures.rolling_volatility <= measures.volatility_cutoff)
    steady = np.argwhere(measures.backslide_frequency <= 1)

    assert below[:, 1].min() == 9
    assert steady[:, 1].max() == 7


def test_best_interval_by_seed(telemetry):
    assert [row["level"] for row in telemetry["best"]] == [5, 4, 5, 4, 4, 5]


def test_common_mode(telemetry):
    common = telemetry["common_mode"]

    assert (common["after_level"], common["num_deltas"]) == (5, 15)
    assert common["mean_correlation"] == pytest.approx(0.77, abs=5e-3)
    assert common["common_variance_share"] == pytest.approx(0.79, abs=5e-3)


def test_between_seed_deviation(telemetry):
    rows = telemetry["between_seeds"]

    assert [round(rows[level]["sd"], 4) for level in (0, 13, 20)] == [0.0167, 0.0501, 0.0355]
    # statistics.md section 5: at six seeds the interval is the deviation times .62 to 2.45
    assert rows[0]["sd_ci95_low"] / rows[0]["sd"] == pytest.approx(0.62, abs=5e-3)
    assert rows[0]["sd_ci95_high"] / rows[0]["sd"] == pytest.approx(2.45, abs=5e-3)
