"""Records cross processes and the disk unchanged, and know which of their fields were learned."""

import json
import pickle
import subprocess
import sys
from dataclasses import FrozenInstanceError, fields
from pathlib import Path

import pytest

from workers.records import (
    Completed,
    Damage,
    EnergyDetail,
    FailureCause,
    IntervalRecord,
    ProgressSample,
    RunId,
    SeedFailure,
    Stopped,
)

RUN = RunId("base", 1)
OTHERS = [
    RUN,
    ProgressSample("base", 1, 2, 5, 160, None, None),
    Damage(RUN, 2, 3, "checkpoint", "a file is missing"),
    Completed(RUN, 1, "0" * 64),
    Stopped(RUN, 2, 7),
    SeedFailure(RUN, 1, FailureCause.DISK_FULL, "OSError", "no space", "Traceback ...", None),
]

# DESIGN.md sections 6.2 and 8, invariant 2: how the machine did may differ between replays.
USAGE = {"attempt", "tokens_per_s", "elapsed_s", "peak_memory_bytes", "energy_joules", "energy_source"}
USAGE |= {"energy_detail", "threads", "interop_threads", "cores", "cpu_model", "host"}


@pytest.mark.parametrize("value", OTHERS, ids=lambda value: type(value).__name__)
def test_what_leaves_a_worker_survives_pickling(value):
    assert pickle.loads(pickle.dumps(value)) == value


def test_record_survives_pickling(make_record):
    record = make_record()

    assert pickle.loads(pickle.dumps(record)) == record


@pytest.mark.parametrize("interval", [0, 3])
def test_record_survives_json(make_record, interval):
    undefined = {"learning_rate": None, "train_loss": None, "grad_norm": None, "tokens_per_s": None}
    record = make_record(interval, **(undefined if interval == 0 else {}))

    again = IntervalRecord.from_dict(json.loads(json.dumps(record.to_dict(), allow_nan=False)))

    assert again == record
    assert again.learning_rate == record.learning_rate
    assert isinstance(again.cores, tuple)


def test_record_cannot_be_changed(make_record):
    with pytest.raises(FrozenInstanceError):
        make_record().val_loss = 0.0


def test_record_knows_its_run(make_record):
    assert make_record().run == RUN
    assert str(RUN) == "base/seed-1"


def test_unknown_field_is_refused_by_name(make_record):
    with pytest.raises(ValueError, match=r"not a record of schema version 1: mood differ"):
        IntervalRecord.from_dict(make_record().to_dict() | {"mood": 1})


def test_missing_field_is_refused_by_name(make_record):
    values = make_record().to_dict()
    del values["val_loss"]

    with pytest.raises(ValueError, match=r"val_loss differ"):
        IntervalRecord.from_dict(values)


def test_other_schema_version_is_refused(make_record):
    with pytest.raises(ValueError, match=r"schema_version=2 differ"):
        IntervalRecord.from_dict(make_record().to_dict() | {"schema_version": 2})


def test_learning_is_every_field_but_usage(make_record):
    learning = make_record().learning()

    assert learning.keys() == {field.name for field in fields(IntervalRecord)} - USAGE


def test_records_that_differ_in_usage_learned_the_same(make_record):
    other = make_record(
        attempt=2,
        tokens_per_s=1.0,
        elapsed_s=99.0,
        peak_memory_bytes=None,
        energy_joules=5.0,
        energy_source="meter",
        threads=2,
        interop_threads=3,
        cores=(),
        cpu_model="another",
        host="there",
    )

    assert other.learning() == make_record().learning()


@pytest.mark.parametrize("field", ["val_loss", "train_loss", "grad_norm", "learning_rate", "val_loss_se"])
def test_last_bit_of_what_was_learned_counts(make_record, field):
    record = make_record()
    value = getattr(record, field)

    assert make_record(**{field: value * (1 + 2**-52)}).learning() != record.learning()


def test_runs_sort_by_condition_and_number():
    runs = [RunId("b", 1), RunId("a", 10), RunId("a", 2)]

    assert sorted(runs) == [RunId("a", 2), RunId("a", 10), RunId("b", 1)]


def test_records_need_no_torch():
    code = "import sys, workers.records; sys.exit('torch' in sys.modules or 'numpy' in sys.modules)"

    assert subprocess.run([sys.executable, "-c", code], cwd=Path(__file__).parents[2], check=False).returncode == 0


def test_detail_of_energy_survives_json(make_record):
    detail = EnergyDetail(("package-0", "package-0/dram"), 90.0, 12.5, 1.7e9, 10.5, 1.0, 12, 1.1, 0.02, 1, None)
    record = make_record(energy_joules=100.0, energy_source="measured: rapl", energy_detail=detail)

    again = IntervalRecord.from_dict(json.loads(json.dumps(record.to_dict(), allow_nan=False)))

    assert again == record
    assert again.learning() == make_record().learning()


def test_record_from_before_energy_was_detailed_is_read(make_record):
    values = make_record().to_dict()
    del values["energy_detail"]

    assert IntervalRecord.from_dict(values) == make_record()
