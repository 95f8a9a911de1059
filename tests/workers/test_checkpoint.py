"""An attempt stages an interval whole, under names of its own, in files that others can read."""

import hashlib
import json
import shutil
import subprocess

import numpy as np
import pytest
from safetensors.torch import load_file

from workers.points import Point

pytestmark = pytest.mark.usefixtures("one_thread")

CHECKPOINT_FILES = ("config.json", "model.safetensors", "record.json", "steps.npz", "tokens.npz")


def test_checkpoint_has_the_files_of_the_design(write, paths):
    write(0)

    # DESIGN.md section 5
    names = sorted(path.name for path in paths.checkpoint_dir("base", 1, 0).iterdir())
    assert names == ["SHA256SUMS", *CHECKPOINT_FILES]


def test_resume_state_has_the_optimizer_alone(write, paths):
    write(1)

    names = sorted(path.name for path in paths.resume_dir("base", 1, 1).iterdir())
    assert names == ["SHA256SUMS", "optimizer.safetensors"]


def test_staging_leaves_final_names_untouched(stage, paths):
    stage(1, attempt=3)

    assert [path.name for path in paths.run_dir("base", 1).iterdir()] == [".interval-01.attempt-3"]
    assert [path.name for path in paths.resume_run_dir("base", 1).iterdir()] == [".interval-01.attempt-3"]


def test_staging_beside_a_published_interval_leaves_its_bytes(write, stage, paths, contents_of):
    write(1)
    finals = (paths.checkpoint_dir("base", 1, 1), paths.resume_dir("base", 1, 1))
    before = [contents_of(final) for final in finals]

    stage(1, attempt=2)

    assert [contents_of(final) for final in finals] == before


def test_attempts_stage_beside_one_another(stage, paths):
    for attempt in (1, 2, 12):
        stage(0, attempt=attempt)

    names = sorted(path.name for path in paths.run_dir("base", 1).iterdir())
    assert names == [".interval-00.attempt-1", ".interval-00.attempt-12", ".interval-00.attempt-2"]


def test_record_names_the_hashes_of_its_files(write, paths):
    record = write(2)

    assert record.weights_sha256 == hashlib.sha256(paths.weights_file("base", 1, 2).read_bytes()).hexdigest()
    assert record.tokens_file_sha256 == hashlib.sha256(paths.tokens_file("base", 1, 2).read_bytes()).hexdigest()


def test_record_file_is_strict_json(write, paths):
    record = write(2)

    def refuse(token):
        raise AssertionError(token)

    values = json.loads(paths.record_file("base", 1, 2).read_text(), parse_constant=refuse)
    assert values == record.to_dict()


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_record_that_is_not_finite_is_never_written(
    checkpoints_of, weights_of, scores_of, steps_of, make_record, paths, value
):
    with pytest.raises(ValueError, match="not JSON compliant"):
        checkpoints_of().stage(
            1,
            weights=weights_of(1),
            optimizer={},
            scores=scores_of(1),
            steps=steps_of(1),
            make_record=lambda hashes: make_record(1, hashes=hashes, val_loss_se=value),
        )

    assert list(paths.run_dir("base", 1).rglob("record.json")) == []


def test_token_scores_are_read_back_without_pickle(write, scores_of, paths):
    write(2)

    with np.load(paths.tokens_file("base", 1, 2), allow_pickle=False) as arrays:
        read = {name: arrays[name] for name in arrays.files}

    scores = scores_of(2)
    assert {name: array.dtype.name for name, array in read.items()} == {
        "loss_nats": "float32",
        "rank": "int32",
        "num_ties": "int32",
    }
    assert all(np.array_equal(array, getattr(scores, name)) for name, array in read.items())


@pytest.mark.parametrize("interval", [0, 2])
def test_steps_are_read_back_without_pickle(write, steps_of, paths, interval):
    write(interval)

    with np.load(paths.steps_file("base", 1, interval), allow_pickle=False) as arrays:
        read = {name: arrays[name] for name in arrays.files}

    steps = steps_of(interval)
    assert {name: array.dtype.name for name, array in read.items()} == {"loss_nats": "float64", "grad_norm": "float64"}
    assert all(np.array_equal(array, getattr(steps, name)) for name, array in read.items())


@pytest.mark.skipif(shutil.which("sha256sum") is None, reason="the command sha256sum is not installed")
@pytest.mark.parametrize("directory", ["checkpoint_dir", "resume_dir"])
def test_checksums_are_read_by_sha256sum(write, paths, directory):
    write(1)

    done = subprocess.run(
        ["sha256sum", "--check", "--strict", "SHA256SUMS"],
        cwd=getattr(paths, directory)("base", 1, 1),
        capture_output=True,
        text=True,
        check=False,
    )

    files = {"checkpoint_dir": CHECKPOINT_FILES, "resume_dir": ("optimizer.safetensors",)}[directory]
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == [f"{name}: OK" for name in files]


def test_writing_twice_gives_the_same_bytes(write, stage, paths, contents_of):
    write(1)
    finals = (paths.checkpoint_dir("base", 1, 1), paths.resume_dir("base", 1, 1))

    stage(1)

    for final in finals:
        assert contents_of(paths.staged_dir(final, attempt=1)) == contents_of(final)


def test_half_staged_interval_is_staged_over(stage, publish, paths):
    finals = (paths.checkpoint_dir("base", 1, 1), paths.resume_dir("base", 1, 1))
    for final in finals:
        half = paths.staged_dir(final, attempt=1)
        half.mkdir(parents=True)
        (half / "rubbish").touch()

    stage(1)
    publish(1)

    assert not any((final / "rubbish").exists() for final in finals)
    assert not any(paths.staged_dir(final, attempt=1).exists() for final in finals)


def test_staging_passes_its_points_with_what_they_say_on_disk(stage, paths):
    staged = paths.staged_dir(paths.checkpoint_dir("base", 1, 1), attempt=1)
    staged_resume = paths.staged_dir(paths.resume_dir("base", 1, 1), attempt=1)
    seen = []

    def look(point):
        files = [sorted(path.name for path in place.glob("*")) for place in (staged_resume, staged)]
        seen.append((point, *files))

    stage(1, reach=look)

    resume = ["SHA256SUMS", "optimizer.safetensors"]
    assert seen == [
        (Point.RESUME_STAGED, resume, []),
        (Point.WEIGHTS_WRITTEN, resume, ["model.safetensors"]),
        (Point.CHECKPOINT_STAGED, resume, ["SHA256SUMS", *CHECKPOINT_FILES]),
    ]


def test_weights_are_written_under_the_names_of_transformers(write, paths):
    write(0)

    names = load_file(paths.weights_file("base", 1, 0)).keys()

    assert "model.layers.1.self_attn.q_proj.weight" in names
    assert "lm_head.weight" not in names  # tied to the embedding
