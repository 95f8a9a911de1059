"""The manifest says what an experiment ran on, and hashes what its runs began with."""

import hashlib
import json
import platform
from collections.abc import Callable
from importlib import metadata
from pathlib import Path
from typing import Any

import pytest

from configs.experiment import ExperimentConfig
from orchestrator.launch import Finish

Run = Callable[..., Finish]


@pytest.fixture(scope="module")
def finish(
    tiny_config: Callable[..., ExperimentConfig], run_inline: Run, tmp_path_factory: pytest.TempPathFactory
) -> Finish:
    """The tiny experiment, done."""
    return run_inline(tiny_config(), tmp_path_factory.mktemp("manifest") / "out")


@pytest.fixture(scope="module")
def same_order_finish(
    tiny_config: Callable[..., ExperimentConfig], run_inline: Run, tmp_path_factory: pytest.TempPathFactory
) -> Finish:
    """The same with seeds that change the initialization alone."""
    config = tiny_config(seed_controls=["initialization"])
    return run_inline(config, tmp_path_factory.mktemp("manifest") / "out")


def _manifest(finish: Finish) -> dict[str, Any]:
    manifest: dict[str, Any] = json.loads(finish.directory.paths.manifest_file.read_text())
    return manifest


def test_initial_weights_are_hashed_as_they_lie_on_disk(finish: Finish) -> None:
    paths = finish.directory.paths

    told = {run["seed"]: run["initial_weights_sha256"] for run in _manifest(finish)["runs"]}

    assert told == {
        seed: hashlib.sha256(paths.weights_file("base", seed, 0).read_bytes()).hexdigest() for seed in (1, 2)
    }
    assert told[1] != told[2]


def test_seeds_of_the_data_order_read_in_different_orders(finish: Finish) -> None:
    orders = [run["data_order_sha256"] for run in _manifest(finish)["runs"]]

    assert len(set(orders)) == 2
    assert all(len(order) == 64 for order in orders)


def test_seeds_of_the_initialization_read_in_one_order(same_order_finish: Finish) -> None:
    runs = _manifest(same_order_finish)["runs"]

    assert len({run["data_order_sha256"] for run in runs}) == 1
    assert len({run["initial_weights_sha256"] for run in runs}) == 2


def test_seed_of_the_initialization_is_the_same_whatever_else_it_controls(
    finish: Finish, same_order_finish: Finish
) -> None:
    hashes = [
        [run["initial_weights_sha256"] for run in _manifest(done)["runs"]] for done in (finish, same_order_finish)
    ]

    assert hashes[0] == hashes[1]


def test_versions_are_those_that_ran(finish: Finish) -> None:
    versions = _manifest(finish)["versions"]

    assert versions["python"] == platform.python_version()
    assert {name: metadata.version(name) for name in ("torch", "ray", "numpy")}.items() <= versions.items()


def test_text_is_told_by_its_fingerprints(finish: Finish) -> None:
    corpus = _manifest(finish)["corpus"]

    tokenizer = finish.directory.paths.tokenizer_file.read_bytes()
    assert corpus["tokenizer_sha256"] == hashlib.sha256(tokenizer).hexdigest()
    assert (corpus["num_train_stories"], corpus["num_validation_stories"]) == (60, 40)


def test_passes_are_tokens_over_unique_tokens(finish: Finish) -> None:
    manifest = _manifest(finish)

    assert manifest["passes"] == {"base": 512 / manifest["corpus"]["unique_tokens"]}


def test_end_of_every_run_is_told(finish: Finish) -> None:
    assert [(run["seed"], run["state"], run["attempts"]) for run in _manifest(finish)["runs"]] == [
        (1, "completed", 1),
        (2, "completed", 1),
    ]


def test_commit_is_none_or_forty_digits(finish: Finish) -> None:
    commit = _manifest(finish)["git_commit"]

    assert commit is None or len(commit.removesuffix("-dirty")) == 40


def test_config_fingerprint_is_that_of_the_saved_config(finish: Finish) -> None:
    assert _manifest(finish)["config_fingerprint"] == finish.directory.config.fingerprint


def test_learning_rate_that_never_reaches_its_end_is_told(finish: Finish) -> None:
    statistics = json.loads(finish.directory.paths.statistics_file.read_text())

    warning = _manifest(finish)["notices"][-1]

    # The tiny experiment's 512 tokens end in the middle of a decay over 1,024.
    assert warning.startswith("The run ends after 512 tokens, before the decay: ")
    assert warning in statistics["audit"]["warnings"]


def test_only_the_condition_that_is_cut_short_is_warned_of(
    tiny_config: Callable[..., ExperimentConfig], run_inline: Run, tmp_path: Path
) -> None:
    conditions = {"cut": {}, "whole": {"optimization.decay_tokens": 512}}

    finish = run_inline(tiny_config(conditions=conditions), tmp_path / "out")

    statistics = json.loads(finish.directory.paths.statistics_file.read_text())
    audited = {
        name: sum("before the decay" in warning for warning in result["audit"]["warnings"])
        for name, result in statistics["conditions"].items()
    }
    noticed = [notice.split(",")[0] for notice in _manifest(finish)["notices"] if "before the decay" in notice]
    assert audited == {"cut": 1, "whole": 0}
    assert noticed == ["cut: The run ends after 512 tokens"]


def test_manifest_holds_no_path_of_the_user(finish: Finish) -> None:
    assert str(Path.home()) + "/" not in finish.directory.paths.manifest_file.read_text()
