"""The published metric comes out as published, and its logarithm shows what is arithmetic."""

import numpy as np
import pytest

from analysis.energy.parameter_efficiency import parameter_efficiency
from analysis.energy.trials_energy import trials_energy
from analysis.grid import grid_from_frame
from analysis.subject_warnings import warn_about_order, warn_about_sampling, warn_about_subjects


@pytest.fixture(scope="module")
def published(published_logs) -> dict:
    return trials_energy(published_logs(), subject="trial_number", within="token_count")


def test_first_published_trial_comes_out_as_logged():
    # Row 1 of the 500K log: accuracy .2372, watts_rms 165.4348793777115, logged parameter_efficiency 5.9226...e-11.
    value = parameter_efficiency(
        np.array(0.2372),
        np.array(165.4348793777115),
        nominal_tokens=np.array(1_500_000.0),
        compute_speed_tflops=68.16,
        num_parameters=1_100_048_384,
    )

    assert float(value) == pytest.approx(5.922623709856469e-11, rel=1e-12)


def test_logarithm_splits_exactly_into_tokens_quality_and_power(published):
    for split in published["legacy"]["splits"]:
        assert split["tokens"] + split["quality"] + split["power"] == pytest.approx(split["delta_ln_pe"], abs=1e-12)


def test_nine_tenths_of_the_published_decline_are_the_token_count_itself(published):
    (split,) = [one for one in published["legacy"]["splits"] if (one["a"], one["b"]) == (500_000, 2_000_000)]

    # Recomputed from the published logs: ln PE -1.533 = tokens -1.386 (90.4 %), quality -.081, power -.066.
    assert split["delta_ln_pe"] == pytest.approx(-1.533, abs=2e-3)
    assert split["tokens"] == pytest.approx(-np.log(4))
    assert split["quality"] == pytest.approx(-0.081, abs=2e-3)
    assert split["power"] == pytest.approx(-0.066, abs=1e-3)
    assert split["mechanical_share"] == pytest.approx(0.904, abs=2e-3)


def test_f_of_the_published_size_is_mostly_arithmetic(published):
    raw, without = (published["legacy"][name]["rm_anova"] for name in ("raw", "without_tokens"))

    # Published F(2, 98) = 24,268.23; without the tokens 264.7. Means and spreads alone give them to about a fifth.
    assert raw["F"] == pytest.approx(24_268, rel=0.2)
    assert without["F"] == pytest.approx(264.7, rel=0.25)
    assert (raw["df_effect"], raw["df_error"]) == (2, 98)


def test_metric_falls_without_any_effect_of_tokens_on_quality_or_power(published_logs):
    frame = published_logs(depends_on_tokens=False)
    legacy = trials_energy(frame, subject="trial_number", within="token_count")["legacy"]

    assert legacy["raw"]["rm_anova"]["F"] > 10_000
    assert legacy["without_tokens"]["rm_anova"]["p"]["gg"] > 0.5
    assert all(split["mechanical_share"] == pytest.approx(1.0, abs=0.01) for split in legacy["splits"])


def test_trial_numbers_are_no_subjects(published_logs):
    frame = published_logs()
    grid = grid_from_frame(frame, subject="trial_number", within="token_count", metric="parameter_efficiency")

    (warning,) = warn_about_subjects(grid, subject="trial_number", within="token_count", metric="parameter_efficiency")

    assert "only the numbers of trials" in warning
    assert "one-way F without pairing: 2" in warning  # 25,686 in the published logs


@pytest.mark.parametrize("subject", ["seed", "model", "participant"])
def test_subjects_with_other_names_are_left_alone(subject, published_logs):
    frame = published_logs().rename(columns={"trial_number": subject})
    grid = grid_from_frame(frame, subject=subject, within="token_count", metric="watts_rms")

    assert warn_about_subjects(grid, subject=subject, within="token_count", metric="watts_rms") == ()


def test_levels_run_in_blocks_are_told_and_mixed_ones_are_not(published_logs):
    frame = published_logs()
    mixed = frame.assign(timestamp=np.random.default_rng(0).permutation(frame["timestamp"]))

    (warning,) = warn_about_order(frame, within="token_count")

    assert "was run in a block of its own" in warning
    assert warn_about_order(mixed, within="token_count") == ()


def test_rare_samples_of_power_are_told(published_logs):
    (warning,) = warn_about_sampling(published_logs(), within="token_count")

    assert "about every 60 s" in warning


def test_table_without_power_has_no_legacy_metric(published_logs):
    frame = published_logs().drop(columns="watts_rms")
    energy = trials_energy(frame, subject="trial_number", within="token_count")

    assert "no RMS power" in energy["legacy"]["undefined"]
    assert "no columns energy_joules" in energy["trials"]["undefined"]
