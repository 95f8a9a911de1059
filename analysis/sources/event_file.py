"""Read the scalars of a TensorBoard event file.

An event file is a sequence of TFRecords, each a length, its checksum, a protobuf `Event`, and its checksum. The package
`tensorboard` reads them, but brings a web server and a dozen dependencies; `tbparse` brings tensorboard. The framing is
ten lines and the messages are six, so that they are read here, with the `protobuf` that Ray needs anyway.
"""

import struct
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from google.protobuf.message import DecodeError

from analysis.excerpt import first_line
from analysis.sources.checksum import masked_crc32c
from analysis.sources.event_messages import event_class
from analysis.sources.pivot import metrics_as_columns
from analysis.sources.reading import Format, Reading, note_on_nan
from configs.errors import TableError

__all__ = ["looks_like_events", "read_event_file"]

HEADER = struct.Struct("<QI")
FOOTER = struct.Struct("<I")
LENGTH_SIZE = 8
LEVEL, TAG, VALUE = "step", "tag", "value"
FIRST_RECORD = b"brain.Event:"
# tensorflow/core/framework/types.proto
_REPEATED_FIELDS = {1: "float_val", 2: "double_val", 3: "int_val", 9: "int64_val"}
_CONTENT_TYPES = {1: "<f4", 2: "<f8", 3: "<i4", 9: "<i8", 19: "<f2"}
_HALF, _BFLOAT16 = 19, 14


def looks_like_events(content: bytes) -> bool:
    """Whether the content begins as every event file does: with a short record that names its version."""
    return FIRST_RECORD in content[:64]


def read_event_file(path: Path, content: bytes, *, within: str | None) -> Reading:
    """One row per step and a column per tag; a tag that was logged twice at a step keeps both values.

    Scalars are 32-bit `simple_value`s (torch, tensorboardX) or tensors of one number (TensorFlow 2); images,
    histograms, texts and graphs are passed over.

    Args:
        path: Where it came from.
        content: The whole file.
        within: `step`, or a tag that counts, such as `tokens`.

    Raises:
        TableError: If a record is cut off, fails its checksum or is no event, or if the file holds no scalar.
    """
    event = event_class()
    steps: list[int] = []
    tags: list[str] = []
    values: list[float] = []
    for record in _records(path, content):
        parsed = _parsed(path, record, event=event)
        for item in parsed.summary.value:
            value = _scalar(item)
            if value is not None:
                steps.append(parsed.step)
                tags.append(item.tag)
                values.append(value)
    if not values:
        raise TableError(f"{path} is an event file that holds no scalar; choose the file of the run's metrics")
    long = pd.DataFrame({LEVEL: steps, TAG: tags, VALUE: values})
    return Reading(
        path=path,
        format=Format.EVENTS,
        frame=metrics_as_columns(long, path=path, keys=(LEVEL,), metric=TAG, value=VALUE),
        subject=None,
        within=within or LEVEL,
        is_log=True,
        notes=note_on_nan(list(zip(tags, values, steps, strict=True)), path=path),
    )


@dataclass(frozen=True)
class _Frames:
    """The records of a file, none of them checked yet."""

    lengths: list[bytes]
    length_sums: list[int]
    records: list[bytes]
    record_sums: list[int]
    num_whole_bytes: int


def _records(path: Path, content: bytes) -> list[bytes]:
    frames = _frames(content)
    _check_sums(path, frames.lengths, expected=frames.length_sums)
    if frames.num_whole_bytes < len(content):
        raise TableError(
            f"{path} ends inside its record {len(frames.records) + 1:,}: {frames.num_whole_bytes:,} of its "
            f"{len(content):,} bytes are whole records; copy it again, or keep those (head -c {frames.num_whole_bytes})"
        )
    _check_sums(path, frames.records, expected=frames.record_sums)
    return frames.records


def _frames(content: bytes) -> _Frames:
    frames = _Frames(lengths=[], length_sums=[], records=[], record_sums=[], num_whole_bytes=0)
    offset = 0
    while offset + HEADER.size <= len(content):
        length, length_sum = HEADER.unpack_from(content, offset)
        start = offset + HEADER.size
        frames.lengths.append(content[offset : offset + LENGTH_SIZE])
        frames.length_sums.append(length_sum)
        if start + length + FOOTER.size > len(content):
            break
        frames.records.append(content[start : start + length])
        frames.record_sums.append(FOOTER.unpack_from(content, start + length)[0])
        offset = start + length + FOOTER.size
    return replace(frames, num_whole_bytes=offset)


def _check_sums(path: Path, strings: list[bytes], *, expected: list[int]) -> None:
    wrong = np.flatnonzero(masked_crc32c(strings) != np.array(expected, dtype=np.uint32))
    if len(wrong):
        raise TableError(f"{path} is damaged: its record {int(wrong[0]) + 1:,} fails its checksum; copy it again")


# Any: the class is made at run time.
def _parsed(path: Path, record: bytes, *, event: Any) -> Any:
    try:
        return event.FromString(record)
    except DecodeError as error:
        raise TableError(f"{path} holds a record that is no event ({first_line(error)})") from error


# Any: as above.
def _scalar(value: Any) -> float | None:
    """The number of a summary value, or None where it is something else."""
    if value.HasField("simple_value"):
        return float(value.simple_value)
    return _tensor_scalar(value.tensor) if value.HasField("tensor") else None


# Any: as above.
def _tensor_scalar(tensor: Any) -> float | None:
    if any(int(dim.size) != 1 for dim in tensor.tensor_shape.dim):
        return None
    if tensor.tensor_content:
        return _from_content(tensor.tensor_content, dtype=tensor.dtype)
    if tensor.dtype in (_HALF, _BFLOAT16):
        return _from_bits(tensor.half_val[0], dtype=tensor.dtype) if len(tensor.half_val) == 1 else None
    field = _REPEATED_FIELDS.get(tensor.dtype)
    numbers = [] if field is None else list(getattr(tensor, field))
    return float(numbers[0]) if len(numbers) == 1 else None


def _from_content(content: bytes, *, dtype: int) -> float | None:
    if dtype == _BFLOAT16 and len(content) == 2:
        return _from_bits(int.from_bytes(content, "little"), dtype=dtype)
    kind = _CONTENT_TYPES.get(dtype)
    if kind is None or len(content) != np.dtype(kind).itemsize:
        return None
    return float(np.frombuffer(content, dtype=kind).item())


def _from_bits(bits: int, *, dtype: int) -> float:
    """Half and bfloat16 travel as the integer of their 16 bits; a bfloat16 is the upper half of a float32."""
    if dtype == _HALF:
        return float(np.array([bits], dtype=np.uint16).view(np.float16).item())
    return float(np.array([bits << 16], dtype=np.uint32).view(np.float32).item())
