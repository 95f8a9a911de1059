"""Checkpoints in an object store: what publishes them, what fences them, and what is told when it fails."""

import uuid
from collections.abc import Callable
from typing import Any

import fsspec
import pytest

from configs.errors import CheckpointError, StorageError
from workers.object_storage import ObjectStorage
from workers.object_store import ObjectStore
from workers.publication import CheckpointPart
from workers.record_files import CHECKPOINT_NAMES, STEPS_NAME, read_whole_record
from workers.records import IntervalRecord, RunId

RUN = RunId("base", 1)
CHECKPOINT, RESUME_STATE = CheckpointPart.CHECKPOINT, CheckpointPart.RESUME_STATE


@pytest.fixture
def storage() -> ObjectStorage:
    """A place in this process's memory that is empty."""
    return ObjectStorage(f"memory://{uuid.uuid4().hex}/study")


@pytest.fixture
def store(storage: ObjectStorage) -> ObjectStore:
    return ObjectStore(storage)


@pytest.fixture
def stage_objects(
    store, tiny_experiment, weights_of, scores_of, steps_of, make_record
) -> Callable[..., IntervalRecord]:
    """A function that uploads an interval of the run base/seed-1 for an attempt."""
    import torch

    from workers.checkpoint import CheckpointDirectory

    def stage_interval(interval: int, *, attempt: int = 1) -> IntervalRecord:
        model = tiny_experiment().model
        return CheckpointDirectory(store, run=RUN, attempt=attempt, model=model, num_intervals=4).stage(
            interval,
            weights=weights_of(interval),
            optimizer={"exp_avg.norm.gain": torch.full((16,), float(interval))},
            scores=scores_of(interval),
            steps=steps_of(interval),
            make_record=lambda hashes: make_record(interval, hashes=hashes, attempt=attempt),
        )

    return stage_interval


def test_nothing_is_published_before_its_list_is_written(store, storage, stage_objects) -> None:
    stage_objects(0)

    assert store.published(RUN, 0, CHECKPOINT) is None
    assert store.published(RUN, 0, RESUME_STATE) is None


def test_published_checkpoint_reads_back_as_it_was_measured(store, stage_objects) -> None:
    record = stage_objects(2)

    store.publish(RUN, 2, attempt=1)

    checkpoint = store.published(RUN, 2, CHECKPOINT)
    checkpoint.verify(CHECKPOINT_NAMES, optional=frozenset({STEPS_NAME}))
    assert read_whole_record(checkpoint, run=RUN, interval=2) == record


def test_list_can_be_checked_with_sha256sum(store, storage, stage_objects) -> None:
    record = stage_objects(0)

    store.publish(RUN, 0, attempt=1)

    lines = storage.get("checkpoints/base/seed-1/interval-00/SHA256SUMS").decode().splitlines()
    assert f"{record.weights_sha256}  attempt-1/model.safetensors" in lines
    assert len(lines) == 5


def test_what_is_published_stays_when_another_attempt_publishes(store, stage_objects) -> None:
    first = stage_objects(0, attempt=1)
    store.publish(RUN, 0, attempt=1)
    stage_objects(0, attempt=2)

    store.publish(RUN, 0, attempt=2)

    assert read_whole_record(store.published(RUN, 0, CHECKPOINT), run=RUN, interval=0) == first


def test_upload_of_an_attempt_that_was_given_up_is_named_by_nothing(store, stage_objects) -> None:
    stage_objects(0, attempt=2)
    store.publish(RUN, 0, attempt=2)

    stage_objects(0, attempt=1)

    assert read_whole_record(store.published(RUN, 0, CHECKPOINT), run=RUN, interval=0).attempt == 2


def test_only_unpublished_uploads_of_older_attempts_are_dropped(store, storage, stage_objects) -> None:
    stage_objects(0, attempt=1)
    store.publish(RUN, 0, attempt=1)
    stage_objects(1, attempt=1)
    stage_objects(1, attempt=3)

    store.drop_staged(RUN, before_attempt=3)

    kept = {key.rsplit("/", 2)[0][-11:] + "/" + key.split("/")[-2] for key in storage.keys("checkpoints")}
    assert kept == {"interval-00/attempt-1", "base/seed-1/interval-00", "interval-01/attempt-3"}


def test_damaged_upload_that_was_set_aside_is_kept_for_good(store, storage, stage_objects) -> None:
    stage_objects(0, attempt=1)
    store.publish(RUN, 0, attempt=1)

    kept = store.set_aside(RUN, 0, CHECKPOINT)
    store.drop_staged(RUN, before_attempt=9)

    assert kept == f"{storage.uri}/checkpoints/base/seed-1/interval-00/SHA256SUMS.damaged-1"
    assert store.published(RUN, 0, CHECKPOINT) is None
    assert storage.get("checkpoints/base/seed-1/interval-00/attempt-1/model.safetensors") is not None


def test_interval_that_lost_its_resume_state_keeps_the_one_before_when_told_again(store, stage_objects) -> None:
    for interval in (0, 1, 2):
        stage_objects(interval)
        store.publish(RUN, interval, attempt=1)
    store.set_aside(RUN, 2, CheckpointPart.RESUME_STATE)

    store.publish(RUN, 2, attempt=2)

    assert store.published(RUN, 1, CheckpointPart.RESUME_STATE) is not None
    assert store.published(RUN, 2, CheckpointPart.RESUME_STATE) is None


def test_two_newest_resume_states_stay_and_every_checkpoint(store, storage, stage_objects) -> None:
    for interval in range(5):
        stage_objects(interval)
        store.publish(RUN, interval, attempt=1)

    assert {key.split("/")[3] for key in storage.keys("resume")} == {"interval-03", "interval-04"}
    assert {key.split("/")[3] for key in storage.keys("checkpoints")} == {f"interval-0{i}" for i in range(5)}


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        (lambda data: None, "is incomplete: there is no tokens.npz"),
        (lambda data: data[:-1], "attempt-1/tokens.npz does not hold what its checksum promises"),
        (lambda data: bytes([data[0] ^ 1]) + data[1:], "attempt-1/tokens.npz does not hold what its checksum promises"),
    ],
    ids=["missing", "cut", "flipped"],
)
def test_object_that_differs_from_the_list_is_damage(change: Any, complaint, store, storage, stage_objects) -> None:
    stage_objects(0)
    store.publish(RUN, 0, attempt=1)
    key = "checkpoints/base/seed-1/interval-00/attempt-1/tokens.npz"
    content = change(storage.get(key))
    storage.delete(key) if content is None else storage.put(key, content)

    with pytest.raises(CheckpointError, match=complaint):
        store.published(RUN, 0, CHECKPOINT).verify(CHECKPOINT_NAMES, optional=frozenset({STEPS_NAME}))


def test_protocol_whose_package_is_missing_is_told_with_its_package() -> None:
    if "s3" in fsspec.available_protocols() and _is_installed("s3fs"):
        pytest.skip("s3fs is installed")

    with pytest.raises(StorageError, match=r"checkpoints.uri=s3://bucket/study needs .*: pip install s3fs$"):
        ObjectStorage("s3://bucket/study").get("anything")


def test_protocol_that_nobody_knows_is_told() -> None:
    with pytest.raises(StorageError, match="has a protocol that fsspec does not know; use file, s3 or gs"):
        ObjectStorage("gopher://somewhere/study").get("anything")


def _is_installed(package: str) -> bool:
    import importlib.util

    return importlib.util.find_spec(package) is not None
