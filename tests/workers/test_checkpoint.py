"""A checkpoint holds what its checksums promise, or the one before it is used; none is ever removed."""

import hashlib
import json
import shutil
import subprocess

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from configs.errors import CheckpointError
from configs.run_paths import RunPaths
from workers.checkpoint import CheckpointDirectory
from workers.checksums import file_sha256, verify_checksums, write_checksums
from workers.evaluation import TokenScores
from workers.model import build_model
from workers.records import RunId

pytestmark = pytest.mark.usefixtures("one_thread")

RUN = RunId("base", 1)
CHECKPOINT_FILES = ("config.json", "model.safetensors", "record.json", "tokens.npz")


@pytest.fixture
def paths(tmp_path):
    return RunPaths(tmp_path / "run")


@pytest.fixture
def model_config(tiny_experiment):
    return tiny_experiment().model


@pytest.fixture
def checkpoints(paths, model_config):
    return CheckpointDirectory(paths, run=RUN, model=model_config)


@pytest.fixture
def weights_of(model_config):
    """A function from an interval to weights that only this interval has."""
    return lambda interval: {n: p.detach() for n, p in build_model(model_config, seed=interval).named_parameters()}


@pytest.fixture
def write(checkpoints, weights_of, make_record):
    """A function that writes an interval."""

    def write_interval(interval: int):
        return checkpoints.write(
            interval,
            weights=weights_of(interval),
            optimizer={"exp_avg.norm.gain": torch.full((16,), float(interval))} if interval else {},
            scores=scores_of(interval),
            make_record=lambda hashes: make_record(interval, hashes=hashes),
        )

    return write_interval


def scores_of(interval: int) -> TokenScores:
    rank = np.arange(64, dtype=np.int32) + interval
    return TokenScores(loss_nats=np.linspace(0, 5, 64, dtype=np.float32), rank=rank, num_ties=rank % 2)


def flip_a_bit(path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def cut_short(path) -> None:
    path.write_bytes(path.read_bytes()[:-1])


def empty(path) -> None:
    path.write_bytes(b"")


def remove(path) -> None:
    path.unlink()


DAMAGES = [flip_a_bit, cut_short, empty, remove]


def test_checkpoint_has_the_files_of_the_design(write, paths):
    write(0)

    # DESIGN.md section 5
    names = sorted(path.name for path in paths.checkpoint_dir("base", 1, 0).iterdir())
    assert names == ["SHA256SUMS", *CHECKPOINT_FILES]


def test_interval_is_read_back_bit_for_bit(write, checkpoints, weights_of):
    record = write(1)

    point = checkpoints.newest(num_intervals=4)

    assert point.record == record
    assert point.weights.keys() == weights_of(1).keys()
    assert all(torch.equal(weight, point.weights[name]) for name, weight in weights_of(1).items())
    assert torch.equal(point.optimizer["exp_avg.norm.gain"], torch.ones(16))


def test_initial_state_is_read_back_with_an_empty_optimizer(write, checkpoints):
    write(0)

    assert checkpoints.newest(num_intervals=4).optimizer == {}


def test_nothing_written_is_nothing_to_resume(checkpoints):
    assert checkpoints.newest(num_intervals=4) is None


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


def test_token_scores_are_read_back_without_pickle(write, paths):
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


def test_writing_twice_gives_the_same_bytes(write, paths):
    write(1)
    files = [paths.checkpoint_dir("base", 1, 1) / name for name in ("SHA256SUMS", *CHECKPOINT_FILES)]
    before = [path.read_bytes() for path in files]

    write(1)

    assert [path.read_bytes() for path in files] == before


@pytest.mark.parametrize("damage", DAMAGES)
@pytest.mark.parametrize("name", CHECKPOINT_FILES)
def test_damaged_checkpoint_gives_way_to_the_one_before(write, checkpoints, paths, name, damage):
    for interval in range(3):
        write(interval)
    damage(paths.checkpoint_dir("base", 1, 2) / name)

    assert checkpoints.newest(num_intervals=4).record.interval == 1


@pytest.mark.parametrize("damage", [flip_a_bit, empty, remove])
def test_damaged_list_of_checksums_gives_way_to_the_one_before(write, checkpoints, paths, damage):
    for interval in range(3):
        write(interval)
    damage(paths.checkpoint_dir("base", 1, 2) / "SHA256SUMS")

    assert checkpoints.newest(num_intervals=4).record.interval == 1


@pytest.mark.parametrize("damage", DAMAGES)
def test_damaged_resume_state_gives_way_to_the_one_before(write, checkpoints, paths, damage):
    for interval in range(3):
        write(interval)
    damage(paths.resume_dir("base", 1, 2) / "optimizer.safetensors")

    assert checkpoints.newest(num_intervals=4).record.interval == 1


def test_two_damaged_intervals_leave_nothing_to_resume(write, checkpoints, paths):
    for interval in range(4):
        write(interval)
    flip_a_bit(paths.weights_file("base", 1, 3))
    flip_a_bit(paths.weights_file("base", 1, 2))

    assert checkpoints.newest(num_intervals=4) is None


def test_half_written_checkpoint_is_not_seen(write, checkpoints, paths):
    write(0)
    final = paths.checkpoint_dir("base", 1, 1)
    shutil.copytree(paths.checkpoint_dir("base", 1, 0), final.with_name(f".{final.name}.partial"))

    assert checkpoints.newest(num_intervals=4).record.interval == 0


def test_half_written_checkpoint_is_written_over(write, checkpoints, paths):
    partial = paths.checkpoint_dir("base", 1, 1).with_name(".interval-01.partial")
    partial.mkdir(parents=True)
    (partial / "rubbish").touch()

    write(1)

    assert not partial.exists()
    assert not (paths.checkpoint_dir("base", 1, 1) / "rubbish").exists()


def test_resume_state_without_its_checkpoint_is_not_seen(write, checkpoints, paths):
    write(0)
    write(1)
    shutil.rmtree(paths.checkpoint_dir("base", 1, 1))

    assert checkpoints.newest(num_intervals=4).record.interval == 0


def test_no_checkpoint_is_ever_removed(write, paths):
    for interval in range(7):
        write(interval)

    names = sorted(path.name for path in paths.run_dir("base", 1).iterdir())
    assert names == [f"interval-{interval:02d}" for interval in range(7)]
    assert all(len(list((paths.run_dir("base", 1) / name).iterdir())) == 5 for name in names)


def test_only_the_two_newest_resume_states_are_kept(write, paths):
    kept = []
    for interval in range(5):
        write(interval)
        kept.append(sorted(path.name for path in paths.resume_run_dir("base", 1).iterdir()))

    assert kept == [
        ["interval-00"],
        ["interval-00", "interval-01"],
        ["interval-01", "interval-02"],
        ["interval-02", "interval-03"],
        ["interval-03", "interval-04"],
    ]


def test_runs_do_not_see_each_other(write, paths, model_config):
    write(0)

    for run in (RunId("base", 2), RunId("other", 1)):
        assert CheckpointDirectory(paths, run=run, model=model_config).newest(num_intervals=4) is None


def test_intervals_of_more_than_two_digits_are_found(write, checkpoints):
    write(99)
    write(100)

    assert checkpoints.newest(num_intervals=102).record.interval == 100


def test_records_are_read_back_in_order(write, checkpoints):
    written = [write(interval) for interval in range(3)]

    assert checkpoints.records(up_to=2) == written


def test_damaged_record_is_named(write, checkpoints, paths):
    write(0)
    paths.record_file("base", 1, 0).write_text("{")

    with pytest.raises(CheckpointError, match=r"interval-00/record\.json does not hold a record"):
        checkpoints.records(up_to=0)


def test_weights_are_written_under_the_names_of_transformers(write, paths):
    write(0)

    names = load_file(paths.weights_file("base", 1, 0)).keys()

    assert "model.layers.1.self_attn.q_proj.weight" in names
    assert "lm_head.weight" not in names  # tied to the embedding


def test_hash_of_a_file_is_its_sha256(tmp_path):
    # printf abc | sha256sum
    (tmp_path / "file").write_bytes(b"abc")

    expected = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    assert file_sha256(tmp_path / "file") == expected


def test_untouched_directory_holds_what_it_promises(tmp_path):
    for name in ("b", "a", "with space"):
        (tmp_path / name).write_text(name)
    write_checksums(tmp_path)

    verify_checksums(tmp_path)

    lines = (tmp_path / "SHA256SUMS").read_text().splitlines()
    assert [line.split("  ")[1] for line in lines] == ["a", "b", "with space"]


def test_differing_file_is_named(tmp_path):
    (tmp_path / "a").write_text("a")
    write_checksums(tmp_path)
    (tmp_path / "a").write_text("b")

    with pytest.raises(CheckpointError, match=r"/a does not hold what its checksum promises"):
        verify_checksums(tmp_path)


def test_list_without_files_is_refused(tmp_path):
    write_checksums(tmp_path)

    with pytest.raises(CheckpointError, match=r"SHA256SUMS lists no file"):
        verify_checksums(tmp_path)


def test_missing_list_is_refused(tmp_path):
    with pytest.raises(CheckpointError, match=r"is incomplete"):
        verify_checksums(tmp_path)
