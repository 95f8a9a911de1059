"""Tables of trials are analysed by their own column names, whatever else is asked of them."""

import numpy as np
import pandas as pd
import pytest

from analysis.audit import Missing
from analysis.energy.sentences import energy_sentences
from analysis.energy.trials_energy import add_trials_energy
from analysis.frame_conditions import analyze_conditions
from analysis.report.load_facts import facts_of_table
from analysis.report.sections.energy import Energy
from analysis.sources import SourceOptions, load_sources
from configs.run_paths import RunPaths
from configs.telemetry import TelemetryConfig


@pytest.fixture
def analyzed(tmp_path):
    """A function from a table to what `seedscope analyze` makes of it, written to one file per level first."""

    def analyze(frame: pd.DataFrame, *, subject: str, within: str, metrics: tuple[str, ...]):
        for level, rows in frame.groupby(within):
            rows.to_csv(tmp_path / f"{level}.csv", index=False)
        options = SourceOptions(subject=subject, within=within, metrics=metrics)
        loaded = load_sources(sorted(tmp_path.glob("*.csv")), options=options)
        statistics = analyze_conditions(
            loaded.frame,
            subject=subject,
            within=within,
            metrics=metrics,
            missing=Missing.DROP_SEEDS,
            telemetry=TelemetryConfig(),
        )
        add_trials_energy(statistics, loaded.frame, subject=subject, within=within)
        facts = facts_of_table(
            loaded.frame, statistics=statistics, title="trials", command="", paths=RunPaths(tmp_path)
        )
        return statistics, facts

    return analyze


def test_logs_as_published_come_with_every_warning_that_they_deserve(analyzed, published_logs):
    statistics, facts = analyzed(
        published_logs(), subject="trial_number", within="token_count", metrics=("parameter_efficiency", "watts_rms")
    )
    warnings = " ".join(statistics["audit"]["warnings"])

    assert "parameter_efficiency: the subjects (trial_number) are only the numbers of trials" in warnings
    assert "each level of token_count was run in a block of its own" in warnings
    assert "power was sampled about every 60 s" in warnings
    assert statistics["metrics"]["parameter_efficiency"]["rm_anova"]["df_error"] == 98
    assert any("90." in sentence and "arithmetic" in sentence for sentence in energy_sentences(statistics["energy"]))
    assert Energy().is_there(facts)
    assert [block.kind for block in Energy().blocks(facts)] == ["note", "table", "table"]


def trials_of_a_gpu() -> pd.DataFrame:
    rng = np.random.default_rng(5)
    rows = []
    for seed in range(1, 7):
        for budget in (500_000, 1_000_000, 2_000_000):
            joules = 0.01 * budget * (1 + 0.001 * rng.normal())
            loss = 10.4 - 0.5 * np.log(budget / 1_000) + 0.01 * rng.normal()
            rows.append(
                {
                    "seed": seed,
                    "token_budget": budget,
                    "tokens": budget,
                    "val_loss": loss,
                    "nats_gained": 10.4 - loss,
                    "energy_joules": joules,
                    "energy_source": "measured: nvml energy counter",
                    "energy_sampled_joules": 1.02 * joules,
                    "idle_joules": 0.2 * joules,
                    "energy_window_s": budget / 50_000,
                    "rms_watts": 620 + rng.normal(),
                    "num_parameters": 1_100_048_384,
                    "compute_speed_tflops": 750.0,
                    "began_at": 1.7e9 + 100 * len(rows),
                }
            )
    return pd.DataFrame(rows)


def test_trials_of_a_gpu_are_compared_as_energies_and_the_samples_are_checked_against_the_counter(analyzed):
    statistics, facts = analyzed(trials_of_a_gpu(), subject="seed", within="token_budget", metrics=("val_loss",))
    energy = statistics["energy"]
    means = {
        name: [level["interval"]["mean"] for level in quantity["levels"]]
        for name, quantity in energy["trials"]["quantities"].items()
    }

    assert means["energy_kj"] == pytest.approx([5, 10, 20], rel=0.01)
    assert means["joules_per_token"] == pytest.approx([0.01] * 3, rel=0.01)
    assert means["net_share"] == pytest.approx([0.8] * 3, rel=0.01)
    assert means["mean_watts"] == pytest.approx([500] * 3, rel=0.01)
    assert energy["self_check"]["energy_sampled_joules"]["mean"] == pytest.approx(1.02)
    assert energy["self_check"]["energy_sampled_joules"]["text"] == "the largest difference is 2.0%"
    assert statistics["audit"]["warnings"] == []
    assert any(block.kind == "paragraph" and "Self-check" in block.text for block in Energy().blocks(facts))


def test_trials_of_two_labels_are_not_compared(analyzed):
    frame = trials_of_a_gpu()
    frame.loc[frame["seed"] == 1, "energy_source"] = "modelled: codecarbon load model"
    statistics, _ = analyzed(frame, subject="seed", within="token_budget", metrics=("val_loss",))

    assert "never analysed together: 15 rows measured, 3 rows modelled" in statistics["energy"]["trials"]["undefined"]
