"""Spikes are counted over the steps of every run that a directory holds, and over no gap."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from analysis.step_spike_summary import summarize_step_spikes
from analysis.step_spikes import read_step_spikes
from analysis.undefined import Undefined
from configs.run_paths import RunPaths
from configs.telemetry import TelemetryConfig

TELEMETRY = TelemetryConfig(step_spike_window=20, step_spike_sd=6.0)
STEPS_PER_INTERVAL = 25


@pytest.fixture
def paths(tmp_path) -> RunPaths:
    return RunPaths(tmp_path)


@pytest.fixture
def table() -> pd.DataFrame:
    """Two seeds, four intervals of 25 steps."""
    return pd.DataFrame(
        [
            {"condition": "base", "seed": seed, "interval": interval, "step": STEPS_PER_INTERVAL * interval}
            for seed in (1, 2)
            for interval in range(5)
        ]
    )


@pytest.fixture
def write(paths):
    """A function that writes the steps of one interval; seed and interval decide the noise, `jumps` are added."""

    def write_steps(seed: int, interval: int, *, jumps: dict[int, float] | None = None) -> None:
        rng = np.random.default_rng([seed, interval])
        num_steps = STEPS_PER_INTERVAL if interval else 0
        loss = 3 + rng.normal(0, 0.01, num_steps)
        for place, jump in (jumps or {}).items():
            loss[place] += jump
        file = paths.steps_file("base", seed, interval)
        file.parent.mkdir(parents=True)
        np.savez(file, loss_nats=loss, grad_norm=np.full(num_steps, 1.0) + rng.normal(0, 0.01, num_steps))

    return write_steps


@pytest.fixture
def write_all(write):
    """A function that writes two seeds whole; seed 2 jumps at step 5 of interval 3, which is step 55."""

    def write_runs() -> None:
        for seed in (1, 2):
            for interval in range(5):
                write(seed, interval, jumps={4: 1.0} if (seed, interval) == (2, 3) else None)

    return write_runs


def series_of(paths, table, name="loss"):
    spikes = read_step_spikes(paths, table=table, telemetry=TELEMETRY)
    return summarize_step_spikes(spikes.runs, telemetry=TELEMETRY).series[name]


def test_spike_is_found_with_its_step_interval_and_seed(paths, table, write_all):
    write_all()

    loss = series_of(paths, table)

    assert loss.text == "1 of 160 steps"  # 2 seeds x (100 - 20)
    assert [(spike.seed, spike.level, spike.step) for spike in loss.steps] == [(2, 3, 55)]
    assert loss.steps[0].z > 20
    assert [(row.seed, row.count, row.of, row.largest_z_step) for row in loss.per_seed][1] == (2, 1, 80, 55)
    assert [(row.level, row.count, row.of) for row in loss.per_level] == [
        (1, 0, 10),
        (2, 0, 50),
        (3, 1, 50),
        (4, 0, 50),
    ]


def test_gradient_norm_is_a_series_of_its_own(paths, table, write_all):
    write_all()

    assert series_of(paths, table, "grad_norm").count == 0
    assert series_of(paths, table, "loss_about_line").count == 1


def test_rate_has_the_limits_of_clopper_and_pearson(paths, table, write_all):
    write_all()

    loss = series_of(paths, table)

    # The limits are quantiles of Beta: qbeta(.025, 1, 160) and qbeta(.975, 2, 159) in R.
    assert loss.rate_low95 == pytest.approx(stats.beta.ppf(0.025, 1, 160))
    assert loss.rate_high95 == pytest.approx(stats.beta.ppf(0.975, 2, 159))


def test_window_reaches_over_no_gap(paths, table, write):
    for interval in (1, 3, 4):
        write(1, interval)

    loss = series_of(paths, table[table["seed"] == 1])

    assert loss.of == (25 - 20) + (50 - 20)


def test_directory_of_an_earlier_version_has_no_step_spikes(paths, table):
    spikes = read_step_spikes(paths, table=table, telemetry=TELEMETRY)

    assert (spikes.runs, spikes.problems) == ((), ())
    assert isinstance(summarize_step_spikes(spikes.runs, telemetry=TELEMETRY), Undefined)


def test_damaged_file_is_reported_and_the_others_are_judged(paths, table, write_all):
    write_all()
    damaged = paths.steps_file("base", 1, 2)
    damaged.write_bytes(damaged.read_bytes()[:50])

    spikes = read_step_spikes(paths, table=table, telemetry=TELEMETRY)

    assert len(spikes.problems) == 1
    assert str(damaged) in spikes.problems[0]
    assert spikes.runs[0].num_steps == 75


def test_file_of_other_arrays_is_reported(paths, table, write_all):
    write_all()
    np.savez(paths.steps_file("base", 1, 2), loss_nats=np.ones(25), grad_norm=np.ones(24))

    spikes = read_step_spikes(paths, table=table, telemetry=TELEMETRY)

    assert len(spikes.problems) == 1
    assert "one loss and one gradient norm per step" in spikes.problems[0]


def test_runs_too_short_for_their_window_are_said_to_show_nothing(paths, table, write_all):
    write_all()
    telemetry = TelemetryConfig(step_spike_window=100)

    spikes = read_step_spikes(paths, table=table, telemetry=telemetry)
    summary = summarize_step_spikes(spikes.runs, telemetry=telemetry)

    assert not summary.rule.can_fire
    assert "the longest run has 100 steps, and the first 100 of a run cannot be judged" in summary.rule.why
    assert isinstance(summary.series["loss"].rate_high95, Undefined)
    assert isinstance(summary.series["loss"].per_seed[0].largest_z, Undefined)


def test_steps_of_another_condition_do_not_count(paths, table, write_all):
    write_all()
    table["condition"] = "other"

    assert read_step_spikes(paths, table=table, telemetry=TELEMETRY).runs == ()
