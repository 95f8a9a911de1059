"""What crosses a process survives it."""

import inspect
import pickle
from dataclasses import fields

import pytest

from configs import errors
from workers.publication import CheckpointPart
from workers.records import (
    Completed,
    Damage,
    FailureCause,
    IntervalRecord,
    ProgressSample,
    RunId,
    SeedFailure,
    Stopped,
)

RUN = RunId("base", 101)
RECORD = IntervalRecord(
    condition="base",
    seed=101,
    interval=1,
    step=10,
    tokens=640,
    target_tokens=640,
    passes=0.1,
    learning_rate=1e-3,
    train_loss=5.5,
    val_loss=0.1 + 0.2,
    val_loss_se=0.01,
    val_ppl=1.35,
    grad_norm=1.0,
    num_evaluation_tokens=128,
    attempt=1,
    tokens_per_s=1e3,
    elapsed_s=0.5,
    peak_memory_bytes=None,
    energy_joules=None,
    energy_source=None,
    threads=1,
    interop_threads=1,
    cores=(0, 1),
    cpu_model="a CPU",
    host="a host",
    weights_sha256="0" * 64,
    tokens_file_sha256="1" * 64,
)
VALUES = (
    RUN,
    RECORD,
    ProgressSample("base", 101, 1, 5, 320, None, None),
    Completed(RUN, 1, "1" * 64),
    Stopped(RUN, 1, 7),
    Damage(RUN, 1, 3, CheckpointPart.RESUME_STATE, "it is incomplete"),
    SeedFailure(RUN, 1, FailureCause.DISK_FULL, "OSError", "disk full", "Traceback", None),
)
ERRORS = tuple(
    kind for _, kind in inspect.getmembers(errors, inspect.isclass) if issubclass(kind, errors.SeedscopeError)
)


@pytest.mark.parametrize("value", VALUES, ids=lambda value: type(value).__name__)
def test_value_survives_pickling(value: object) -> None:
    assert pickle.loads(pickle.dumps(value)) == value


@pytest.mark.parametrize("value", VALUES, ids=lambda value: type(value).__name__)
def test_value_is_frozen_and_hashable(value: object) -> None:
    with pytest.raises(AttributeError):
        setattr(value, fields(value)[0].name, "changed")  # type: ignore[arg-type]
    hash(value)


def test_record_survives_its_dictionary() -> None:
    assert IntervalRecord.from_dict(RECORD.to_dict()) == RECORD


def test_errors_are_those_of_the_list() -> None:
    assert sorted(kind.__name__ for kind in ERRORS) == errors.__all__


@pytest.mark.parametrize("kind", ERRORS, ids=lambda kind: kind.__name__)
def test_error_takes_one_string_and_survives_pickling(kind: type[Exception]) -> None:
    error = kind("width=63 is not divisible by num_heads=4; choose a multiple.")

    again = pickle.loads(pickle.dumps(error))

    assert (type(again), str(again), again.args) == (kind, str(error), error.args)


@pytest.mark.parametrize("kind", ERRORS, ids=lambda kind: kind.__name__)
def test_error_says_when_it_is_met(kind: type[Exception]) -> None:
    assert kind.__doc__ is not None
    assert kind.__doc__.startswith("Met ")


@pytest.mark.parametrize("kind", ERRORS, ids=lambda kind: kind.__name__)
def test_error_stands_in_the_tree_at_the_top_of_its_file(kind: type[Exception]) -> None:
    assert errors.__doc__ is not None
    assert f"  {kind.__name__}" in errors.__doc__ or errors.__doc__.splitlines()[2] == kind.__name__
