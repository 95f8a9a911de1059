"""What energy bought is told by interval and between conditions, and joules of two labels are never mixed."""

import numpy as np
import pandas as pd
import pytest

from analysis.energy.experiment_energy import experiment_energy
from analysis.energy.sentences import energy_sentences

MEASURED = "measured: rapl"


def run(seed, *, losses, joules, condition="base", tokens_each=1_000, source=MEASURED, idle=None) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "condition": condition,
            "seed": seed,
            "interval": np.arange(len(losses)),
            "tokens": tokens_each * np.arange(len(losses)),
            "val_loss": losses,
            "energy_joules": joules,
            "energy_source": source,
            "idle_joules": np.nan if idle is None else idle,
        }
    )


@pytest.fixture
def two_seeds() -> pd.DataFrame:
    return pd.concat(
        [
            run(1, losses=[5.0, 3.0, 2.0, 2.5], joules=[10.0, 990.0, 1_000.0, 2_000.0]),
            run(2, losses=[5.0, 4.0, 3.0, 2.0], joules=[20.0, 980.0, 1_000.0, 2_000.0]),
        ]
    )


def test_energy_adds_up_and_what_it_bought_is_told_per_kilojoule(two_seeds):
    rows = experiment_energy(two_seeds)["conditions"]["base"]["intervals"]

    assert [row["kilojoules"]["mean"] for row in rows] == pytest.approx([0.015, 1.0, 2.0, 4.0])
    assert rows[2]["nats_per_kj"]["mean"] == pytest.approx((3.0 / 2 + 2.0 / 2) / 2)
    # From 2 to 4 kJ: seed 1 lost half a nat, seed 2 gained one.
    assert rows[3]["marginal_nats_per_kj"]["mean"] == pytest.approx((-0.5 / 2 + 1.0 / 2) / 2)
    assert "undefined" in rows[0]["nats_per_kj"]


def test_energy_after_the_minimum_is_told_by_seed(two_seeds):
    after = experiment_energy(two_seeds)["conditions"]["base"]["after_minimum"]

    assert [one["minimum_interval"] for one in after["per_seed"]] == [2, 3]
    assert [one["kilojoules_after"] for one in after["per_seed"]] == pytest.approx([2.0, 0.0])
    assert after["share_after"]["mean"] == pytest.approx(0.25)


def test_target_that_a_seed_did_not_reach_is_a_result_and_no_number(two_seeds):
    easy, hard = experiment_energy(two_seeds, target_losses=[3.0, 1.9])["conditions"]["base"]["to_target"]

    assert [one["kilojoules"] for one in easy["per_seed"]] == pytest.approx([1.0, 2.0])
    assert easy["tokens"]["mean"] == pytest.approx(1_500.0)
    assert [one["interval"] for one in hard["per_seed"]] == [None, None]
    assert hard["num_reached"] == 0
    assert "2 of 2 seeds did not reach 1.9 nats" in hard["kilojoules"]["undefined"]


def test_target_from_the_data_says_so(two_seeds):
    (target,) = experiment_energy(two_seeds)["conditions"]["base"]["to_target"]

    assert (target["target_nats"], target["is_declared"]) == (2.5, False)


def test_measured_and_modelled_joules_are_refused_together(two_seeds):
    mixed = pd.concat([two_seeds, run(3, losses=[5.0, 4.0], joules=[1.0, 1.0], source="modelled: core-seconds x 10 W")])

    why = experiment_energy(mixed)["undefined"]

    assert why == "joules of different labels are never analysed together: 8 rows measured, 2 rows modelled"
    assert energy_sentences({"undefined": why}) == []


def test_unknown_energy_is_never_zero(two_seeds):
    two_seeds.loc[(two_seeds["seed"] == 1) & (two_seeds["interval"] == 2), "energy_joules"] = np.nan
    energy = experiment_energy(two_seeds)
    rows = energy["conditions"]["base"]["intervals"]

    assert energy["provenance"]["num_unknown"] == 1
    assert [row["kilojoules"]["n"] for row in rows] == [2, 2, 1, 1]  # a sum over a gap is unknown as well
    assert rows[3]["kilojoules"]["mean"] == pytest.approx(4.0)
    assert [one["seed"] for one in energy["conditions"]["base"]["after_minimum"]["per_seed"]] == [2]


def test_experiment_without_a_meter_has_no_energy(two_seeds):
    assert experiment_energy(two_seeds.assign(energy_joules=np.nan)) == {"undefined": "no interval has a known energy"}


def budgets(num_seeds: int = 6) -> pd.DataFrame:
    """Three budgets whose intervals differ in number and size; 2 J per token, and a loss that falls with ln tokens."""
    rng = np.random.default_rng(7)
    frames = []
    for seed in range(num_seeds):
        for name, num_intervals, each in (("500K", 2, 250_000), ("1M", 3, 333_334), ("2M", 4, 500_000)):
            tokens = each * np.arange(num_intervals + 1)
            losses = 7.0 - 0.3 * np.log1p(tokens) + 0.01 * seed
            joules = np.append(0.0, np.full(num_intervals, 2.0 * each)) * (1 + 0.01 * rng.normal())
            frames.append(run(seed, losses=losses, joules=joules, condition=name, tokens_each=each, idle=0.25 * joules))
    return pd.concat(frames)


def test_budgets_with_other_intervals_are_compared_as_whole_runs_paired_by_seed():
    between = experiment_energy(budgets())["between_conditions"]
    per_token = between["quantities"]["joules_per_token"]

    assert between["levels"] == ["500K", "1M", "2M"]
    assert between["seeds"] == list(range(6))
    assert [level["interval"]["mean"] for level in per_token["levels"]] == pytest.approx([2.0, 2.0, 2.0], rel=0.02)
    assert per_token["tested"] == "ln(value)"
    assert per_token["statistics"]["axis"]["positions"] == pytest.approx([500_000, 1_000_002, 2_000_000])
    assert len(per_token["statistics"]["pairwise"]) == 3


def test_energy_above_idle_stands_beside_the_whole():
    quantities = experiment_energy(budgets())["between_conditions"]["quantities"]

    whole, net = (quantities[name]["levels"][2]["interval"]["mean"] for name in ("energy_kj", "net_energy_kj"))
    assert net == pytest.approx(0.75 * whole)


def test_seed_without_a_budget_is_left_out_by_name():
    frame = budgets()
    partial = frame[~((frame["seed"] == 3) & (frame["condition"] == "1M"))]

    between = experiment_energy(partial)["between_conditions"]

    assert between["left_out"] == ["seed 3"]
    assert between["seeds"] == [0, 1, 2, 4, 5]


def test_run_that_stopped_early_is_no_whole_run():
    frame = budgets()
    partial = frame[~((frame["seed"] == 0) & (frame["condition"] == "2M") & (frame["interval"] == 4))]

    assert experiment_energy(partial)["between_conditions"]["left_out"] == ["seed 0"]


def test_frontier_holds_what_nothing_else_beats():
    points = experiment_energy(budgets())["frontier"]
    on = {(point["condition"], point["interval"]) for point in points if point["is_on_frontier"]}

    assert ("2M", 4) in on  # the lowest loss
    for point in points:
        beaten = any(
            other["kilojoules"] < point["kilojoules"] and other["val_loss"] < point["val_loss"] for other in points
        )
        assert not (beaten and point["is_on_frontier"])


def test_sentences_name_the_source_and_what_came_after_the_minimum(two_seeds):
    sentences = energy_sentences(experiment_energy(two_seeds))

    assert sentences[0].startswith("Energy per run: 4 kJ (95 % t interval ")
    assert sentences[0].endswith("1.33 J per trained token (measured: rapl).")
    assert sentences[1] == "25% of it came after the lowest held-out loss of each seed."


def test_experiment_whose_meter_failed_says_why(two_seeds):
    frame = two_seeds.assign(energy_joules=np.nan, note="no RAPL: /sys/class/powercap does not exist")

    assert experiment_energy(frame)["undefined"] == (
        "no interval has a known energy (no RAPL: /sys/class/powercap does not exist)"
    )


def test_load_of_other_processes_and_notes_are_told_beside_measured_energy(two_seeds):
    frame = two_seeds.assign(foreign_cpu_share=0.2, note=None)
    frame.loc[frame["interval"] == 2, "note"] = "1 gaps between samples above 3 periods, the largest 4.0 s"

    sentences = energy_sentences(experiment_energy(frame))

    assert "other processes used 20% of the hosts' CPU time" in sentences[-2]
    assert sentences[-1].startswith("warning: 2 energies have a note")
