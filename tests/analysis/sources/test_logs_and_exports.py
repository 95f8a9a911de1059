"""Logs and exports of other tools give the cells that they hold."""

import json
import math

import pytest

from configs.errors import TableError

# As W&B writes it: a chart of two runs over Step.
CHART = (
    '"Step","run-1 - val/loss","run-1 - val/loss__MIN","run-1 - val/loss__MAX",'
    '"run-2 - val/loss","run-2 - val/loss__MIN","run-2 - val/loss__MAX"\n'
    '0,"4.0","4.0","4.0","4.1","4.1","4.1"\n'
    '100,"3.0","3.0","3.0","3.1","3.1","3.1"\n'
    '200,"2.0","1.5","2.5","2.1","2.1","2.1"\n'
)
# `run.history()` of each run, put one below the other: sparse, as rows are logged.
HISTORY = (
    "_step,_runtime,_timestamp,train/loss,eval/loss,run_name\n"
    "0,1.0,1700000001.0,4.5,,a\n0,1.1,1700000001.1,,4.0,a\n10,2.0,1700000002.0,3.5,3.0,a\n"
    "0,1.0,1700000001.0,4.6,4.1,b\n10,2.0,1700000002.0,,3.1,b\n"
)
# The download of MLflow's metric plot; header and order of its columns from its own test of convertMetricsToCsv.
MLFLOW = (
    "run_id,key,value,step,timestamp\n"
    "r1,val_loss,4.0,0,0\nr1,val_loss,3.0,1,1\nr1,lr,0.1,0,0\nr2,val_loss,4.5,0,0\nr2,val_loss,3.5,1,1\nr2,lr,0.1,0,0\n"
)


def history(*, evaluations, up_to=200):
    entries = []
    for step in range(50, up_to + 1, 50):
        entries.append({"loss": 5.0, "grad_norm": 1.0, "learning_rate": 1e-4, "epoch": step / 200, "step": step})
        if step in evaluations:
            entries.append({"eval_loss": evaluations[step], "eval_runtime": 1.5, "epoch": step / 200, "step": step})
    return entries


@pytest.fixture
def write_state(write):
    def writer(name, entries):
        return write(name, json.dumps({"best_metric": None, "global_step": 200, "log_history": entries}))

    return writer


def test_wandb_chart(write, load, cells):
    loaded = load(write("wandb_export.csv", CHART))

    assert cells(loaded) == {
        ("run-1", 0): 4.0,
        ("run-1", 100): 3.0,
        ("run-1", 200): 2.0,
        ("run-2", 0): 4.1,
        ("run-2", 100): 3.1,
        ("run-2", 200): 2.1,
    }
    assert (loaded.audit.format, loaded.within) == ("W&B chart export", "Step")


def test_wandb_chart_that_was_sampled_is_told(write, load):
    loaded = load(write("wandb_export.csv", CHART))

    assert loaded.audit.notes[0].startswith("1 value of the chart for several logged ones each")


def test_wandb_chart_may_be_split_by_a_pattern(write, load, cells):
    loaded = load(write("wandb_export.csv", CHART), subject_from="run-{seed}")

    assert {seed for seed, _ in cells(loaded)} == {1, 2}
    assert loaded.subject == "seed"


def test_wandb_chart_with_run_names_of_many_parts(write, load, cells):
    text = CHART.replace("run-1 - ", "lm - 70M - seed 1 - ").replace("run-2 - ", "lm - 70M - seed 2 - ")

    loaded = load(write("wandb_export.csv", text))

    assert {seed for seed, _ in cells(loaded)} == {"lm - 70M - seed 1", "lm - 70M - seed 2"}


def test_wandb_history_with_a_run_column(write, load, cells):
    loaded = load(write("history.csv", HISTORY))

    assert cells(loaded) == {("a", 0): 4.0, ("a", 10): 3.0, ("b", 0): 4.1, ("b", 10): 3.1}
    assert "1 row of the logs without eval/loss: passed over" in loaded.audit.notes


def test_resumed_wandb_run_is_refused_until_told_which_counts(write, load, cells):
    path = write("history.csv", HISTORY + "10,9.0,1700000009.0,,2.5,b\n")

    with pytest.raises(TableError, match=r"run_name=b, _step=10 appears 2 times for eval/loss \(3.1 and 2.5\)"):
        load(path)
    assert cells(load(path, duplicates="first"))["b", 10] == 3.1
    assert cells(load(path, duplicates="last"))["b", 10] == 2.5


def test_mlflow_history(write, load, cells):
    loaded = load(write("metrics.csv", MLFLOW), metrics=("val_loss",))

    assert cells(loaded) == {("r1", 0): 4.0, ("r1", 1): 3.0, ("r2", 0): 4.5, ("r2", 1): 3.5}
    assert loaded.audit.format == "MLflow metric history"


def test_trainer_states(write_state, load, cells):
    for seed, shift in ((1, 0.0), (2, 0.5)):
        write_state(f"out/seed-{seed}/trainer_state.json", history(evaluations={100: 3.0 + shift, 200: 2.0 + shift}))

    loaded = load(write_state("out/seed-1/trainer_state.json", history(evaluations={100: 3.0, 200: 2.0})).parents[1])

    assert cells(loaded) == {
        ("seed-1", 100): 3.0,
        ("seed-1", 200): 2.0,
        ("seed-2", 100): 3.5,
        ("seed-2", 200): 2.5,
    }


def test_states_beside_checkpoints_are_beginnings_of_the_last(write_state, load, cells, tmp_path):
    for seed in (1, 2):
        for step in (100, 200):
            entries = history(evaluations={100: 3.0 * seed, 200: 2.0}, up_to=step)
            write_state(f"out/seed-{seed}/checkpoint-{step}/trainer_state.json", entries)

    loaded = load(tmp_path / "out")

    assert cells(loaded) == {
        ("seed-1", 100): 3.0,
        ("seed-1", 200): 2.0,
        ("seed-2", 100): 6.0,
        ("seed-2", 200): 2.0,
    }
    assert loaded.audit.notes[0] == "2 earlier saves of the same logs, beside their checkpoints: not read twice"


def test_states_of_one_folder_that_contradict_are_refused(write_state, load, tmp_path):
    write_state("out/checkpoint-100/trainer_state.json", history(evaluations={100: 9.0}, up_to=100))
    write_state("out/checkpoint-200/trainer_state.json", history(evaluations={100: 3.0}))

    with pytest.raises(TableError, match="no beginning of"):
        load(tmp_path / "out")


def test_restart_in_one_log_is_refused_until_told_which_counts(write_state, load, cells):
    entries = [*history(evaluations={100: 3.0, 200: 2.0}), {"eval_loss": 1.5, "step": 200}]
    path = write_state("seed-1/trainer_state.json", entries)

    with pytest.raises(TableError, match=r"seed=seed-1, step=200 appears 2 times for eval_loss \(2 and 1.5\)"):
        load(path)
    assert cells(load(path, duplicates="last")) == {("seed-1", 100): 3.0, ("seed-1", 200): 1.5}


def test_nan_in_a_trainer_state_is_a_missing_value(write_state, load):
    entries = history(evaluations={100: 3.0, 200: math.nan})

    loaded = load(write_state("seed-1/trainer_state.json", entries))

    assert loaded.frame["step"].tolist() == [100]
    assert loaded.audit.notes[0].endswith("logged 1 NaN, such as 'eval_loss' at 200; it counts as missing")


def test_lightning_csv_logger_rows_are_joined(write, load, cells):
    for seed in (1, 2):
        text = "epoch,step,train_loss,val_loss\n0,49,2.0,\n0,49,,3.0\n1,99,1.0,\n1,99,,2.5\n"
        write(f"logs/seed{seed}/version_0/metrics.csv", text)

    loaded = load(write("logs/seed2/version_0/hparams.yaml", "lr: 1").parents[2])

    assert cells(loaded) == {(f"seed{seed}", step): loss for seed in (1, 2) for step, loss in ((49, 3.0), (99, 2.5))}
    assert "1 other file below" in loaded.audit.notes[0]


def test_two_kinds_of_file_in_one_folder_are_refused(write, write_state, load, tmp_path):
    write("logs/metrics.csv", "step,val_loss\n1,2\n")
    write_state("logs/trainer_state.json", history(evaluations={100: 3.0}))

    with pytest.raises(TableError, match="holds 1 tables and 1 files trainer_state"):
        load(tmp_path / "logs")


def test_seed_without_the_metric_does_not_vanish(write_state, load, tmp_path):
    write_state("out/seed-1/trainer_state.json", history(evaluations={100: 3.0}))
    write_state("out/seed-2/trainer_state.json", history(evaluations={}))

    with pytest.raises(TableError, match="seed 'seed-2' logged no 'eval_loss'"):
        load(tmp_path / "out")


def test_tensorboards_own_download_is_a_file_per_seed(write, load, cells, tmp_path):
    for seed in (1, 2):
        write(
            f"dl/run-{seed}-tag-loss.csv", f"Wall time,Step,Value\n1700000000.5,0,{seed}.5\n1700000001.5,10,{seed}.25\n"
        )

    loaded = load(tmp_path / "dl", subject_from="run-{seed}-tag")

    assert cells(loaded) == {(1, 0): 1.5, (1, 10): 1.25, (2, 0): 2.5, (2, 10): 2.25}
    assert (loaded.within, loaded.metrics) == ("Step", ("Value",))
