"""A model from a directory goes the whole way of its preset, and only ever with the weights that it began with."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from safetensors.torch import load_file, save_file

from configs.errors import ConfigurationError, RunDirectoryError
from configs.experiment import ExperimentConfig
from configs.load import load_experiment
from orchestrator.launch import Finish, resume_experiment, start_experiment
from orchestrator.machine import inspect_machine
from orchestrator.needs import needs_of
from orchestrator.plan import make_plan
from orchestrator.plan_text import plan_as_lines
from orchestrator.repair import repair_run_directory
from orchestrator.report_files import report_on
from orchestrator.run_directory import open_run_directory
from orchestrator.sites import InlineSite
from orchestrator.stop_signal import StopRequest
from workers.object_storage import ObjectStorage
from workers.points import Point
from workers.probes.run_source import read_run_source

SMALL = (
    "seeds=[1, 2, 3]",
    "model.context_length=16",
    "corpus.train_stories=40",
    "corpus.validation_stories=10",
    "optimization.learning_rate=1.0e-2",
    "optimization.final_learning_rate=1.0e-3",
    "optimization.warmup_tokens=64",
    "optimization.decay_tokens=512",
    "schedule.budget_tokens=256",
    "schedule.every_tokens=128",
    "schedule.tokens_per_step=64",
    "evaluation.tokens=128",
    "placement.device=cpu",
    "placement.threads_per_run=1",
    "placement.tokens_at_once=32",
    "precision=fp32",
    "energy={source: modelled, watts_per_core: 10}",
    "conditions={short: {}, long: {schedule.budget_tokens: 512}}",
)
NUM_ROWS = 3 * (3 + 5)


@pytest.fixture(scope="module")
def experiment(llama_directory: Path) -> Callable[..., ExperimentConfig]:
    """A function from overrides to the preset in small, on a CPU."""

    def load(*overrides: str, directory: Path = llama_directory) -> ExperimentConfig:
        return load_experiment("token-scale-tinyllama", overrides=[f"model.directory={directory}", *SMALL, *overrides])

    return load


@pytest.fixture(scope="module")
def finished(
    experiment: Callable[..., ExperimentConfig],
    run_inline: Callable[..., Finish],
    tmp_path_factory: pytest.TempPathFactory,
) -> Finish:
    """It, done; not to be written into."""
    return run_inline(experiment(), tmp_path_factory.mktemp("given") / "out")


def test_every_row_is_there_with_its_energy(finished: Finish) -> None:
    table = pd.read_csv(finished.directory.paths.table_csv)

    assert finished.exit_code == 0
    assert len(table) == NUM_ROWS
    assert table["energy_source"].unique().tolist() == ["modelled: core-seconds x 10 W"]
    assert (table["energy_joules"] > 0).all()
    last = table[table["condition"] == "long"].groupby("seed")["val_loss"].last()
    first = table[table["condition"] == "long"].groupby("seed")["val_loss"].first()
    assert (last < first - 0.1).all()


def test_all_runs_begin_with_one_model_and_differ_by_their_data(finished: Finish) -> None:
    manifest = json.loads(finished.directory.paths.manifest_file.read_text())

    assert len({run["initial_weights_sha256"] for run in manifest["runs"]}) == 1
    orders = {run["seed"]: run["data_order_sha256"] for run in manifest["runs"] if run["condition"] == "short"}
    assert len(set(orders.values())) == 3
    assert manifest["initial_weights"]["sha256"] == finished.directory.config.model.weights_sha256
    assert len(manifest["initial_weights"]["sha256"]) == 64


def test_the_text_is_read_with_the_tokenizer_of_the_directory(finished: Finish, llama_tokenizer: str) -> None:
    saved = json.loads(finished.directory.paths.tokenizer_file.read_text())

    assert saved["model"]["vocab"] == json.loads(llama_tokenizer)["model"]["vocab"]


def test_the_statistics_pair_the_budgets_by_seed(finished: Finish) -> None:
    statistics = json.loads(finished.directory.paths.statistics_file.read_text())

    assert statistics["energy"]
    assert "short" in json.dumps(statistics["energy"])


def test_probes_of_weights_that_were_not_kept_are_refused(finished: Finish) -> None:
    with pytest.raises(
        RunDirectoryError, match=r"\(checkpoints.keep=none\), which probes look into; run the experiment"
    ):
        read_run_source(finished.directory.paths, config=finished.directory.config, num_tokens=100, context_length=None)


def test_the_report_tells_of_the_model_that_was_trained_further(finished: Finish) -> None:
    report_on(finished.directory.paths)
    report = " ".join(finished.directory.paths.report_md.read_text(encoding="utf-8").split())

    assert "4 heads that share 2 of keys and values, context 16, vocabulary 400) further, beginning with the" in report
    assert "weights of tiny-llama and with its tokenizer, from 3 seeds" in report
    assert "How the runs would go with another pretrained model: a seed changes the order of the data alone" in report


def test_the_preset_keeps_no_weights_and_the_ledger_can_be_built_again(finished: Finish, tmp_path: Path) -> None:
    root = Path(shutil.copytree(finished.directory.paths.root, tmp_path / "out"))
    (root / "ledger.sqlite").unlink()

    said = repair_run_directory(root)

    assert not list(root.rglob("*.safetensors"))
    assert f"A new ledger was built from {NUM_ROWS} checkpoints." in said


@pytest.mark.parametrize("keep", ["last", "newest"])
def test_the_last_weights_load_in_transformers_and_give_the_losses_told(
    keep: str,
    transformers: Any,
    experiment: Callable[..., ExperimentConfig],
    run_inline: Callable[..., Finish],
    finished: Finish,
    tmp_path: Path,
) -> None:
    import numpy as np
    import torch

    done = run_inline(experiment(f"checkpoints.keep={keep}"), tmp_path / "out")

    paths = done.directory.paths
    kept = sorted(file.parent.name for file in paths.root.rglob("*.safetensors"))
    assert kept == ["interval-02"] * 3 + ["interval-04"] * 3
    stream = torch.from_numpy(np.load(paths.stream_file("validation"))[:129].astype(np.int64))
    model = transformers.LlamaForCausalLM.from_pretrained(paths.checkpoint_dir("long", 2, 4))
    with torch.no_grad():
        logits = model(input_ids=stream[:128].reshape(8, 16)).logits
    losses = torch.nn.functional.cross_entropy(logits.flatten(0, 1), stream[1:], reduction="none")
    told = np.load(paths.tokens_file("long", 2, 4))["loss_nats"]
    assert np.abs(losses.numpy() - told).max() < 1e-5
    assert model.config.eos_token_id == 2
    first, second = (one.directory.paths.table_csv for one in (done, finished))
    columns = ["condition", "seed", "interval", "val_loss", "train_loss", "grad_norm"]
    assert pd.read_csv(first)[columns].equals(pd.read_csv(second)[columns])


def test_an_object_store_keeps_the_last_weights_as_a_directory_does(
    experiment: Callable[..., ExperimentConfig],
    run_inline: Callable[..., Finish],
    finished: Finish,
    learning_columns: Callable[[Path], Any],
    tmp_path: Path,
) -> None:
    done = run_inline(experiment("checkpoints={uri: 'memory://given', keep: newest}"), tmp_path / "out")

    kept = [key for key in ObjectStorage("memory://given").keys("") if key.endswith(".safetensors")]
    assert sorted(key.split("/")[-3] for key in kept) == ["interval-02"] * 3 + ["interval-04"] * 3
    assert learning_columns(done.directory.paths.table_csv) == learning_columns(finished.directory.paths.table_csv)
    assert needs_of(done.directory.config).disk_bytes > 6 * 4 * 41_120


def test_while_a_run_goes_on_its_newest_two_weights_are_there(
    experiment: Callable[..., ExperimentConfig], cache_dir: Path, silent_view: Callable[[], Any], tmp_path: Path
) -> None:
    most = 0

    def look(point: Point) -> None:
        nonlocal most
        if point is Point.COMMITTED:
            here = [
                file for file in tmp_path.rglob("model.safetensors") if "seed-1" in str(file) and "long" in str(file)
            ]
            most = max(most, len(here))

    start_experiment(
        experiment("checkpoints.keep=newest", "seeds=[1, 2]"),
        out=tmp_path / "out",
        cache_dir=cache_dir,
        site=InlineSite(),
        view=silent_view(),
        stop=StopRequest(),
        reach=look,
    )

    assert most == 2


@pytest.mark.parametrize("keep", ["all", "newest", "last", "none"])
def test_a_stopped_experiment_goes_on_to_the_same_bits(
    experiment: Callable[..., ExperimentConfig],
    finished: Finish,
    cache_dir: Path,
    silent_view: Callable[[], Any],
    learning_columns: Callable[[Path], Any],
    tmp_path: Path,
    keep: str,
) -> None:
    stop, steps = StopRequest(), 0

    def stop_at_the_tenth_step(point: Point) -> None:
        nonlocal steps
        steps += point is Point.STEP_TAKEN
        if steps == 10:
            stop.is_made = True

    stopped = start_experiment(
        experiment(f"checkpoints.keep={keep}"),
        out=tmp_path / "out",
        cache_dir=cache_dir,
        site=InlineSite(),
        view=silent_view(),
        stop=stop,
        reach=stop_at_the_tenth_step,
    )
    assert 0 < stopped.aggregation.num_rows < NUM_ROWS

    resumed = resume_experiment(
        open_run_directory(tmp_path / "out"), site=InlineSite(), view=silent_view(), stop=StopRequest()
    )

    assert resumed.exit_code == 0
    assert learning_columns(resumed.directory.paths.table_csv) == learning_columns(finished.directory.paths.table_csv)


def test_other_weights_are_refused_when_an_experiment_goes_on(
    experiment: Callable[..., ExperimentConfig],
    make_llama_directory: Callable[..., Path],
    run_inline: Callable[..., Finish],
    silent_view: Callable[[], Any],
    cache_dir: Path,
    tmp_path: Path,
) -> None:
    directory = make_llama_directory(tmp_path / "model")
    stop = StopRequest(is_made=True)
    start_experiment(
        experiment(directory=directory),
        out=tmp_path / "out",
        cache_dir=cache_dir,
        site=InlineSite(),
        view=silent_view(),
        stop=stop,
    )
    tensors = load_file(directory / "model.safetensors")
    tensors["model.norm.weight"] += 1e-3
    save_file(tensors, directory / "model.safetensors")

    with pytest.raises(ConfigurationError, match=r"holds other weights \(sha256 \w{12}\) than the experiment began"):
        resume_experiment(
            open_run_directory(tmp_path / "out"), site=InlineSite(), view=silent_view(), stop=StopRequest()
        )
    with pytest.raises(RunDirectoryError, match="holds another experiment"):
        run_inline(experiment(directory=directory), tmp_path / "out")


def test_a_directory_without_a_tokenizer_is_refused_before_anything_is_made(
    experiment: Callable[..., ExperimentConfig],
    make_llama_directory: Callable[..., Path],
    run_inline: Callable[..., Finish],
    tmp_path: Path,
) -> None:
    directory = make_llama_directory(tmp_path / "model")
    (directory / "tokenizer.json").unlink()

    with pytest.raises(ConfigurationError, match=r"holds no tokenizer.json, without which its tokens mean nothing"):
        run_inline(experiment(directory=directory), tmp_path / "out")

    assert not (tmp_path / "out").exists()


def test_a_tokenizer_of_another_model_is_refused(
    experiment: Callable[..., ExperimentConfig],
    make_llama_directory: Callable[..., Path],
    run_inline: Callable[..., Finish],
    tmp_path: Path,
) -> None:
    directory = make_llama_directory(tmp_path / "model", vocab_size=280)

    with pytest.raises(ConfigurationError, match=r"model's vocabulary ends at 279; they do not belong together"):
        run_inline(experiment(directory=directory), tmp_path / "out")


def test_the_plan_tells_parameters_memory_and_disk(
    experiment: Callable[..., ExperimentConfig], cache_dir: Path, tmp_path: Path
) -> None:
    plan = make_plan(experiment("conditions={}"), out=tmp_path / "out", cache_dir=cache_dir)

    lines = "\n".join(plan_as_lines(plan))
    # by hand: 2 x 400 x 32 + 2 x (2 x 32 x (32 + 16) + 3 x 32 x 48 + 2 x 32) + 32
    assert "parameters      41,120 (15,520 outside the embedding)" in lines
    assert "memory          about" in lines
    assert "disk            about" in lines


def test_a_plan_for_a_gpu_that_is_elsewhere_tells_what_can_be_told(
    experiment: Callable[..., ExperimentConfig], cache_dir: Path, tmp_path: Path
) -> None:
    if inspect_machine().num_gpus:
        pytest.skip("this machine has a GPU")

    plan = make_plan(
        experiment("placement.device=cuda", "precision=bf16", "checkpoints.keep=all"),
        out=tmp_path / "out",
        cache_dir=cache_dir,
    )

    lines = "\n".join(plan_as_lines(plan))
    assert lines.count("parameters      41,120") == 2
    assert lines.count("speed           unknown: this machine has no GPU") == 2
    assert "wall time       unknown: this machine has no GPU" in lines
    assert "GPU memory      about 1.08 GB, estimated" in lines
    # 3 seeds x (3 + 5 intervals x 164,480 bytes + 2 conditions x 2 resume states x 2 moments), and small files
    assert plan.disk_bytes == pytest.approx(3 * (8 + 8) * 4 * 41_120, rel=0.06)
