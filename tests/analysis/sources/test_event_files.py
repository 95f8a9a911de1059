"""Event files are read as TensorBoard's own writers wrote them, or refused."""

import struct

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tensorboardX import SummaryWriter
from tensorboardX.crc32c import crc32c as foreign_crc32c
from tensorboardX.proto.event_pb2 import Event
from tensorboardX.proto.summary_pb2 import Summary
from tensorboardX.proto.tensor_pb2 import TensorProto
from tensorboardX.proto.tensor_shape_pb2 import TensorShapeProto

from analysis.sources.checksum import masked_crc32c
from analysis.sources.event_file import read_event_file
from configs.errors import TableError

FLOAT, DOUBLE, INT32, STRING, INT64, BFLOAT16, HALF = 1, 2, 3, 7, 9, 14, 19


def masked(data):
    checksum = foreign_crc32c(data)
    return (((checksum >> 15) | (checksum << 17)) + 0xA282EAD8) & 0xFFFFFFFF


def framed(*events):
    """TFRecords around the events, by tensorboardX's checksum."""
    records = [Event(file_version="brain.Event:2").SerializeToString(), *(e.SerializeToString() for e in events)]
    return b"".join(
        struct.pack("<Q", len(record))
        + struct.pack("<I", masked(struct.pack("<Q", len(record))))
        + record
        + struct.pack("<I", masked(record))
        for record in records
    )


def simple(step, value, tag="loss"):
    return Event(step=step, summary=Summary(value=[Summary.Value(tag=tag, simple_value=value)]))


def tensor(step, tag="loss", shape=(), **fields):
    dims = TensorShapeProto(dim=[TensorShapeProto.Dim(size=size) for size in shape])
    value = Summary.Value(tag=tag, tensor=TensorProto(tensor_shape=dims, **fields))
    return Event(step=step, summary=Summary(value=[value]))


@pytest.fixture
def read(write):
    def reader(content):
        return read_event_file(write("events.out.tfevents.1", content), content, within=None).frame

    return reader


@pytest.fixture
def written(tmp_path):
    """A folder per seed, written by tensorboardX with more than scalars in it."""
    for seed in (1, 2):
        with SummaryWriter(str(tmp_path / f"seed-{seed}")) as writer:
            for step in (0, 100, 200):
                writer.add_scalar("eval/loss", seed + step / 1000, step)
            writer.add_scalar("train/loss", 9.0, 50)
            writer.add_histogram("weights", np.arange(100.0), 100)
            writer.add_text("note", "hello", 0)
    return tmp_path


def test_folder_of_runs_is_read_as_written(load, cells, written):
    loaded = load(written)

    assert loaded.metrics == ("eval/loss",)
    # A simple_value has 32 bits.
    assert cells(loaded) == {
        (f"seed-{seed}", step): float(np.float32(seed + step / 1000)) for seed in (1, 2) for step in (0, 100, 200)
    }
    assert loaded.audit.seeds_from == "each seed is named by its folder or file, such as 'seed-1'"


def test_tag_may_count_the_levels(load, tmp_path, cells):
    for seed in (1, 2):
        with SummaryWriter(str(tmp_path / f"s{seed}")) as writer:
            for step in (1, 2):
                writer.add_scalar("tokens", 2048 * step, step)
                writer.add_scalar("loss", seed * step, step)

    loaded = load(tmp_path, within="tokens", metrics=("loss",))

    assert cells(loaded) == {("s1", 2048): 1, ("s1", 4096): 2, ("s2", 2048): 2, ("s2", 4096): 4}


@pytest.mark.parametrize(
    ("fields", "value"),
    [
        ({"dtype": FLOAT, "float_val": [2.5]}, 2.5),
        ({"dtype": DOUBLE, "double_val": [0.1]}, 0.1),
        ({"dtype": INT32, "int_val": [-7]}, -7),
        ({"dtype": INT64, "int64_val": [2**40]}, 2**40),
        ({"dtype": FLOAT, "tensor_content": struct.pack("<f", 2.5)}, 2.5),
        ({"dtype": DOUBLE, "tensor_content": struct.pack("<d", 0.1)}, 0.1),
        # IEEE 754 half 1.5 is 0x3E00; bfloat16 -2 is 0xC000.
        ({"dtype": HALF, "half_val": [0x3E00]}, 1.5),
        ({"dtype": BFLOAT16, "half_val": [0xC000]}, -2.0),
        ({"dtype": BFLOAT16, "tensor_content": b"\x00\xc0"}, -2.0),
        ({"dtype": FLOAT, "shape": (1, 1), "float_val": [3.0]}, 3.0),
    ],
)
def test_tensor_of_one_number_is_a_scalar(read, fields, value):
    assert list(read(framed(tensor(5, **fields)))["loss"]) == [value]


@pytest.mark.parametrize(
    "fields",
    [
        {"dtype": FLOAT, "shape": (2,), "float_val": [1.0, 2.0]},
        {"dtype": STRING, "string_val": [b"text"]},
        {"dtype": FLOAT, "shape": (0,)},
    ],
)
def test_other_tensors_are_passed_over(read, fields):
    frame = read(framed(simple(1, 0.5), tensor(1, tag="other", **fields)))

    assert list(frame.columns) == ["step", "loss"]


def test_zero_that_was_logged_is_a_value(read):
    assert list(read(framed(simple(0, 0.0)))["loss"]) == [0.0]


def test_value_logged_twice_at_a_step_stays_two(read):
    frame = read(framed(simple(1, 0.5), simple(1, 0.25), simple(1, 7.0, tag="other")))

    assert frame["loss"].tolist() == [0.5, 0.25]
    assert frame["other"].tolist()[0] == 7.0


def test_file_without_scalars_says_so(read):
    with pytest.raises(TableError, match="holds no scalar"):
        read(framed())


@settings(max_examples=150, deadline=None)
@given(data=st.data())
def test_no_flipped_bit_is_read_as_a_value(data):
    content = framed(simple(1, 0.5), tensor(2, dtype=FLOAT, float_val=[2.0]), simple(3, 0.125))
    position = data.draw(st.integers(0, len(content) - 1))
    bit = data.draw(st.integers(0, 7))
    flipped = bytearray(content)
    flipped[position] ^= 1 << bit

    with pytest.raises(TableError, match="fails its checksum"):
        read_event_file("events", bytes(flipped), within=None)


def test_every_cut_is_named_with_the_bytes_that_are_whole(read):
    content = framed(simple(1, 0.5), simple(2, 0.25))
    whole = {len(framed()), len(framed(simple(1, 0.5)))}
    two_records = len(framed(simple(1, 0.5)))

    for length in range(two_records + 1, len(content)):
        with pytest.raises(TableError, match=f"ends inside its record 3: {two_records} of its {length} bytes"):
            read(content[:length])
    assert two_records in whole


def test_empty_and_very_long_records_are_passed_over(read):
    long_text = tensor(1, tag="note", dtype=STRING, string_val=[bytes(100_000)])
    empty = struct.pack("<Q", 0) + struct.pack("<I", masked(struct.pack("<Q", 0))) + struct.pack("<I", masked(b""))

    frame = read(framed(long_text, simple(1, 0.5)) + empty)

    assert frame["loss"].tolist() == [0.5]


def test_checksum_of_the_standard():
    # RFC 3720, B.4: 32 bytes of zeros 0x8A9136AA, of ones 0x62A8AB43, ascending 0x46DD794E; "123456789" by Koopman.
    known = {bytes(32): 0x8A9136AA, b"\xff" * 32: 0x62A8AB43, bytes(range(32)): 0x46DD794E, b"123456789": 0xE3069283}

    found = masked_crc32c(list(known))

    rotated = [(((value >> 15) | (value << 17)) + 0xA282EAD8) & 0xFFFFFFFF for value in known.values()]
    assert found.tolist() == rotated


@given(st.lists(st.integers(0, 9000), min_size=1, max_size=4), st.randoms(use_true_random=False))
@settings(max_examples=15, deadline=None)
def test_checksum_equals_tensorboardx_at_any_length(lengths, random):
    strings = [random.randbytes(length) for length in lengths]

    assert masked_crc32c(strings).tolist() == [masked(string) for string in strings]
