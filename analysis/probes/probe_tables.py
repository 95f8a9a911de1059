"""Write and read the tables of a probe, with what they were made from."""

import io
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from configs.durable import write_bytes_durably
from configs.errors import TableError

__all__ = ["read_probe_table", "read_provenance", "write_probe_table"]

_METADATA_KEY = b"seedscope"


def write_probe_table(table: pd.DataFrame, *, path: Path, provenance: Mapping[str, object]) -> None:
    """Write a Parquet file durably.

    Args:
        table: Rows in the order of the file.
        path: The final name; its directory exists.
        provenance: Hashes of the models and tokens, kept in the file's metadata; plain values.
    """
    arrow = pa.Table.from_pandas(table, preserve_index=False)
    metadata = {**(arrow.schema.metadata or {}), _METADATA_KEY: json.dumps(provenance, sort_keys=True).encode()}
    buffer = io.BytesIO()
    pq.write_table(arrow.replace_schema_metadata(metadata), buffer)
    write_bytes_durably(path, buffer.getvalue())


def read_probe_table(path: Path) -> pd.DataFrame:
    """The table that `write_probe_table` wrote.

    Raises:
        TableError: If the file cannot be read.
    """
    try:
        table: pd.DataFrame = pq.read_table(path).to_pandas()
    except (pa.ArrowException, OSError) as error:
        raise TableError(f"{path} cannot be read as a table of a probe; probe again: {error}") from error
    return table


def read_provenance(path: Path) -> dict[str, Any]:
    """What the table was made from; empty where the file does not tell."""
    metadata = pq.read_schema(path).metadata or {}
    provenance: dict[str, Any] = json.loads(metadata.get(_METADATA_KEY, b"{}"))
    return provenance
